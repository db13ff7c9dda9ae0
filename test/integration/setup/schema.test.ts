import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { databaseUrlFor } from '../../../setup/host/database-urls.ts';
import { prepareSchema } from '../../../setup/postgres/schema.ts';
import { openDatabase } from '../../../store/database.ts';
import { DATABASE_ROLES, dropRoles } from '../../../store/roles.ts';
import { createTestDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('the schema at a start', () => {
  it('gives each role an address that only its owner can read, and keeps it from start to start', async () => {
    await using folder = await temporaryFolder();
    await using test = await createTestDatabase();
    const installation = randomBytes(4).toString('hex');
    const options = {
      ownerUrl: test.url,
      embedded: true,
      installation,
      urlsFile: path.join(folder.path, 'database.json'),
    };
    await using roles = new AsyncDisposableStack();
    roles.defer(async () => await dropRoles(test.url, installation));

    const first = await prepareSchema(options);
    const second = await prepareSchema(options);
    expect(second).toEqual(first);
    expect((await stat(options.urlsFile)).mode & 0o777).toBe(0o600);
    expect(new Set(Object.values(first.roles)).size).toBe(DATABASE_ROLES.length);
    for (const role of DATABASE_ROLES) {
      const client = new pg.Client({ connectionString: await databaseUrlFor(options.urlsFile, role) });
      await client.connect();
      const { rows } = await client.query<{ name: string }>('select current_user as name');
      expect(rows[0]?.name).toBe(`bellhop_${installation}_${role}`);
      await client.end();
    }
  });

  it.each([
    ['a migration that has changed since', "update schema_migration set digest = 'another'"],
    ['a database from before changes were noticed', 'alter table schema_migration drop column digest'],
  ])('says of %s what to do, and changes nothing', async (_, change) => {
    await using folder = await temporaryFolder();
    await using test = await createTestDatabase();
    await test.database.query(change);
    const options = { ownerUrl: test.url, installation: 'none', urlsFile: path.join(folder.path, 'database.json') };
    const code = 'schema-changed';
    await expect(prepareSchema({ ...options, embedded: true })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('0001-first.sql'),
      fix: expect.stringContaining('./bellhop reset'),
    });
    await expect(prepareSchema({ ...options, embedded: false })).rejects.toMatchObject({
      code,
      fix: expect.stringContaining('an empty database'),
    });
    const { rowCount } = await test.database.query("select 1 from pg_roles where rolname like 'bellhop_none%'");
    expect(rowCount).toBe(0);
  });

  it('is made once when several start at the same moment on an empty database', async () => {
    await using folder = await temporaryFolder();
    await using test = await createTestDatabase();
    await test.database.query('drop schema public cascade; create schema public');
    await using roles = new AsyncDisposableStack();
    const installations = Array.from({ length: 4 }, () => randomBytes(4).toString('hex'));
    for (const each of installations) roles.defer(async () => await dropRoles(test.url, each));
    const prepared = await Promise.all(
      installations.map(async (installation) => {
        const urlsFile = path.join(folder.path, `${installation}.json`);
        return await prepareSchema({ ownerUrl: test.url, embedded: false, installation, urlsFile });
      }),
    );
    for (const { roles: urls } of prepared) {
      const database = openDatabase({ url: urls.admin, name: 'test', connections: 1 });
      expect((await database.query('select 1 from channel')).rows).toEqual([]);
      await database.end();
    }
    const { rows } = await test.database.query('select name, count(*)::int from schema_migration group by name');
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ count }) => count !== 1)).toEqual([]);
  });

  it('says which command is missing when the user of DATABASE_URL may not create roles', async () => {
    await using folder = await temporaryFolder();
    await using test = await createTestDatabase();
    const owner = `owner_${randomBytes(4).toString('hex')}`;
    const database = new URL(test.url).pathname.slice(1);
    await test.database.query(`create role ${owner} login password 'x'`);
    await test.database.query(`grant ${owner} to current_user`);
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(async () => {
      await test.database.query(`reassign owned by ${owner} to current_user`);
      await test.database.query(`drop role ${owner}`);
    });
    await test.database.query(`alter database ${database} owner to ${owner}`);
    await test.database.query('drop schema public cascade');
    await test.database.query(`create schema public authorization ${owner}`);
    const url = new URL(test.url);
    url.username = owner;
    url.password = 'x';
    const urlsFile = path.join(folder.path, 'database.json');
    const preparing = prepareSchema({ ownerUrl: url.href, embedded: false, installation: 'abcdefgh', urlsFile });
    await expect(preparing).rejects.toMatchObject({
      code: 'postgres-lacks',
      fix: `as an administrator of that server: alter role "${owner}" createrole;`,
    });
  });

  it('tells a command of an installation that was never started what to do', async () => {
    await using folder = await temporaryFolder();
    await expect(databaseUrlFor(path.join(folder.path, 'database.json'), 'admin')).rejects.toMatchObject({
      message: 'this installation has not been started yet',
      fix: './bellhop up',
    });
  });
});
