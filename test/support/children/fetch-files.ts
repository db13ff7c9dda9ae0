/** Fetches the files of many messages at once, and says how many were taken and by how many bytes the process has grown. */
import { createFileFetcher } from '../../../slack/delivery/incoming-files.ts';
import { openDatabase } from '../../../store/database.ts';

const { DATABASE_URL = '', API_URL = '', MESSAGES = '1', FILES = '1' } = process.env;
const database = openDatabase({ url: DATABASE_URL, name: 'test' });
const fetchFiles = createFileFetcher({
  ...{ db: database, botToken: 'xoxb-test', apiUrl: API_URL },
  calls: { call: () => Promise.reject(new Error('nothing is asked')) },
});
await database.query('select 1');
const before = process.memoryUsage().rss;
const messages = Array.from({ length: Number(MESSAGES) }, (_, message) =>
  fetchFiles(
    `slack:T1:C1:${message + 1}.1`,
    Array.from({ length: Number(FILES) }, (_unused, file) => ({
      id: `F${message}-${file}`,
      name: `${file}.bin`,
      mimetype: 'application/octet-stream',
      size: 0,
      url: new URL(`/files/${message}/${file}`, API_URL).href,
    })),
  ),
);
const files = (await Promise.all(messages)).flat();
const growth = process.resourceUsage().maxRSS * 1024 - before;
console.log(JSON.stringify({ taken: files.filter((file) => file.file).length, growth }));
await database.end();
