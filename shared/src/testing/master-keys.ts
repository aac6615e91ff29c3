/** For tests: a value of MASTER_KEYS. */
export const testMasterKeys = `test:${Buffer.alloc(32, 'a key for tests').toString('base64')}`;
