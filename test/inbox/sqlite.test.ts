/** The SQLite inbox against the first half of the contract. */
import { deliveryContract } from './contract.ts';
import { makeSqlite } from './sqlite-driver.ts';

deliveryContract('SQLite', makeSqlite);
