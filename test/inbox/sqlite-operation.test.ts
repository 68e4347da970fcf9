/** The SQLite inbox against the second half of the contract. */
import { operationContract } from './contract.ts';
import { makeSqlite } from './sqlite-driver.ts';

operationContract('SQLite', makeSqlite);
