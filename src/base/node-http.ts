/**
 * Node's http and https, for whoever needs more of them than types. An import of node:http asks for every export it has, and one
 * of them loads all of fetch: each thread of each process would spend 60 ms of its start on that.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
