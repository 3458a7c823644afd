import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf } from '../support/client.js';
import { admin, organization, signedIn } from '../support/factories.js';
import { filter, people } from './people.js';

/** `GET /accounts?filter[…]`: what each filter of the reference finds. The list is `endpoints.json`'s, in its order. */
describe('Filters of accounts', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  describe('by equality', () => {
    it('id finds the account, any of several, and rejects invalid ids', async () => {
      const { find, made, owner } = await people(app, { ada: {}, bob: {}, eve: {} });
      expect(await find(filter('id', made.bob.id))).toEqual(['bob']);
      expect(await find(filter('id', made.bob.id.toUpperCase()))).toEqual(['bob']);
      expect(await find(filter('id', `${made.eve.id},${made.ada.id}`))).toEqual(['ada', 'eve']);
      expect(await find(filter('id__in', `${made.eve.id},${randomUUID()}`))).toEqual(['eve']);
      expect(await find(filter('id', 'null'))).toEqual([]);
      expect(errorsOf(await owner.get(`/accounts?${filter('id', '42')}`))).toEqual([
        '400 invalid_parameter filter[id]',
      ]);
    });

    it('name is compared whole and with its case, and a comma in a value is escaped', async () => {
      const { find } = await people(app, {
        ada: { name: 'Ada' },
        lower: { name: 'ada' },
        junior: { name: 'King, Jr.' },
        longer: { name: 'Ada Lovelace' },
        king: { name: 'King' },
      });
      expect(await find(filter('name', 'Ada'))).toEqual(['ada']);
      expect(await find(filter('name', 'King\\, Jr.'))).toEqual(['junior']);
      expect(await find(filter('name', 'King,Ada,King\\, Jr.'))).toEqual(['ada', 'junior', 'king']);
      expect(await find(filter('name', 'null'))).toEqual([]);
      expect(await find(filter('name', ''))).toEqual([]);
    });

    it('several values mean any of them: as a list, with [] repeated, and repeated without', async () => {
      const { find } = await people(app, { ada: { name: 'Ada' }, bob: { name: 'Bob' }, eve: { name: 'Eve' } });
      const either = ['ada', 'eve'];
      expect(await find('filter[name]=Ada,Eve')).toEqual(either);
      expect(await find('filter[name][]=Ada&filter[name][]=Eve')).toEqual(either);
      expect(await find('filter[name]=Eve&filter[name]=Ada')).toEqual(either);
      expect(await find('filter%5Bname%5D=Ada,Eve')).toEqual(either);
    });

    it('email is compared without case and as Unicode folds it', async () => {
      const tag = randomUUID();
      const { find } = await people(app, {
        ada: { email: `Ada.${tag}@Example.com` },
        strasse: { email: `stra\u00dfe.${tag}@example.com` },
        eve: {},
      });
      expect(await find(filter('email', `ADA.${tag}@EXAMPLE.COM`))).toEqual(['ada']);
      expect(await find(filter('email', `STRASSE.${tag}@example.com`))).toEqual(['strasse']);
      expect(await find(filter('email', `\uff41da.${tag}@example.com`))).toEqual(['ada']);
      expect(await find(filter('email', `ada.${tag}`))).toEqual([]);
      expect(await find(filter('email__in', `STRA\u1e9eE.${tag}@example.com,ada.${tag}@example.com`))).toEqual([
        'ada',
        'strasse',
      ]);
    });

    it('sso_channel and picture_url know null, alone and beside values', async () => {
      const { find } = await people(app, {
        google: { columns: { sso_channel: 'google', picture_url: 'https://a.example/g.png' } },
        saml: { columns: { sso_channel: 'saml', picture_url: 'https://a.example/s.png?a=1,2' } },
        none: {},
      });
      expect(await find(filter('sso_channel', 'google'))).toEqual(['google']);
      expect(await find(filter('sso_channel', 'null'))).toEqual(['none']);
      expect(await find(filter('sso_channel', 'saml,null'))).toEqual(['saml', 'none']);
      expect(await find(filter('picture_url', 'https://a.example/s.png?a=1\\,2'))).toEqual(['saml']);
      expect(await find('filter[picture_url][]=null&filter[picture_url][]=https://a.example/g.png')).toEqual([
        'google',
        'none',
      ]);
    });

    it('enabled takes true or false and nothing else', async () => {
      const { find, owner } = await people(app, { on: {}, off: { enabled: false } });
      expect(await find(filter('enabled', 'true'))).toEqual(['on']);
      expect(await find(filter('enabled', 'false'))).toEqual(['off']);
      expect(await find(filter('enabled', 'true,false'))).toEqual(['on', 'off']);
      for (const value of ['1', 'yes', 'TRUE', '']) {
        expect(errorsOf(await owner.get(`/accounts?${filter('enabled', value)}`))).toEqual([
          '400 invalid_parameter filter[enabled]',
        ]);
      }
    });

    it.each(['joined_at', 'invitation_expired_at', 'created_at', 'updated_at'])(
      '%s is compared to the millisecond, in any offset, or to a whole day in UTC',
      async (name) => {
        const at = (time: string) => ({ joined: false, columns: { [name]: time } });
        const { find, owner } = await people(app, {
          before: at('2026-01-09T23:59:59.999Z'),
          start: at('2026-01-10T00:00:00.000Z'),
          noon: at('2026-01-10T12:00:00.123Z'),
          end: at('2026-01-10T23:59:59.999Z'),
          after: at('2026-01-11T00:00:00.000Z'),
        });
        expect(await find(filter(name, '2026-01-10T12:00:00.123Z'))).toEqual(['noon']);
        expect(await find(filter(name, '2026-01-10T14:00:00.123+02:00'))).toEqual(['noon']);
        expect(await find(filter(name, '2026-01-10T12:00:00Z'))).toEqual([]);
        expect(await find(filter(name, '2026-01-10'))).toEqual(['start', 'noon', 'end']);
        expect(await find(filter(name, '2026-01-11,2026-01-09T23:59:59.999Z'))).toEqual(['before', 'after']);
        for (const value of ['yesterday', '2026-02-30', '2026-01-10 12', '1768046400', '2026-01-10T25:00Z']) {
          expect(errorsOf(await owner.get(`/accounts?${filter(name, value)}`))).toEqual([
            `400 invalid_parameter filter[${name}]`,
          ]);
        }
      },
    );

    it.each(['joined_at', 'invitation_expired_at'])('%s knows null', async (name) => {
      const { find } = await people(app, {
        set: { joined: false, columns: { [name]: '2026-01-10T12:00:00Z' } },
        unset: { joined: false },
      });
      expect(await find(filter(name, 'null'))).toEqual(['unset']);
      expect(await find(filter(name, 'null,2026-01-10'))).toEqual(['set', 'unset']);
    });

    it('a time that was read can be filtered for', async () => {
      const { find, made, owner } = await people(app, { ada: {}, bob: {} });
      const { attributes } = (await owner.get(`/accounts/${made.ada.id}`)).body.data;
      for (const name of ['joined_at', 'created_at', 'updated_at']) {
        expect(await find(filter(name, attributes[name]))).toContain('ada');
      }
    });
  });

  describe('by part of a text', () => {
    it.each(['name', 'email'])(
      '%s__match contains it whatever its case; %%, _, \\ and the comma are plain',
      async (name) => {
        const tag = randomUUID();
        const at = (text: string) => ({ [name]: `${text}${tag}@example.com` });
        const { find } = await people(app, {
          percent: at('50%'),
          fifty: at('500'),
          score: at('a_b'),
          letter: at('axb'),
          back: at('c\\d'),
          forth: at('cd'),
          comma: at('e,f'),
          umlaut: at('J\u00fcrgen'),
        });
        const match = (text: string) => find(filter(`${name}__match`, text + tag));
        expect(await match('50%')).toEqual(['percent']);
        expect(await match('A_B')).toEqual(['score']);
        expect(await match('c\\d')).toEqual(['back']);
        expect(await match('e,f')).toEqual(['comma']);
        expect(await match('e\\,f')).toEqual([]);
        expect(await match('J\u00dcRGEN')).toEqual(['umlaut']);
        expect(await match('%')).toEqual(['percent']);
        expect(await match('null')).toEqual([]);
        expect(await find(`filter[${name}__match]=`)).toHaveLength(8);
      },
    );

    it.each(['email__match', 'search'])('%s takes a whole e-mail, and any part of it around the @', async (name) => {
      const tag = randomUUID();
      const { find } = await people(app, {
        jane: { email: `Jane.${tag}@one.example.com` },
        other: { email: `jane.${tag}@two.example.com` },
        longer: { email: `mary-jane.${tag}@one.example.com.au` },
        percent: { email: `%.${tag}@one.example.com` },
      });
      const found = (text: string) => find(filter(name, text));
      expect(await found(`jane.${tag}@ONE.example.com`)).toEqual(['jane', 'longer']);
      expect(await found(`y-jane.${tag}@one.example.com.au`)).toEqual(['longer']);
      expect(await found(`${tag}@one.`)).toEqual(['jane', 'longer', 'percent']);
      expect(await found(`${tag}@`)).toHaveLength(4);
      expect(await found(`%.${tag}@one`)).toEqual(['percent']);
      expect(await found(`jane.${tag}@one.example.com@`)).toEqual([]);
      expect(await found(`${tag}@two.ex`)).toEqual(['other']);
    });

    it('search finds it in the name or in the e-mail', async () => {
      const tag = randomUUID();
      const { find } = await people(app, {
        named: { name: `Ada ${tag}` },
        mailed: { email: `${tag}@example.com` },
        neither: {},
      });
      expect(await find(filter('search', tag.toUpperCase()))).toEqual(['named', 'mailed']);
      expect(await find(filter('search', `${tag}%`))).toEqual([]);
    });

    it('search finds each of its words, in any order, here or there, and takes no notice of blanks around them', async () => {
      const tag = randomUUID().slice(0, 8);
      const { find } = await people(app, {
        long: { name: 'Maria de la Cruz', email: `m.${tag}@example.com` },
        short: { name: 'Cruz', email: `maria.${tag}@example.com` },
        other: { name: 'Maria Soto', email: `soto.${tag}@example.com` },
        signs: { name: '100% Cruz_Maria', email: `signs.${tag}@example.com` },
      });
      const found = (text: string) => find(filter('search', text));
      const both = ['long', 'short', 'signs'];
      expect(await found('maria cruz')).toEqual(both);
      expect(await found('CRUZ   maria')).toEqual(both);
      expect(await found('  \t maria\u00a0cruz\u3000\n')).toEqual(both);
      expect(await found(`cruz maria ${tag}`)).toEqual(both);
      expect(await found('cruz maria soto')).toEqual([]);
      expect(await found('maria maria maria')).toEqual(['long', 'short', 'other', 'signs']);
      expect(await found('100% maria')).toEqual(['signs']);
      expect(await found('x_m')).toEqual([]);
      expect(await found('z_m')).toEqual(['signs']);
      expect(await found(' la  de ')).toEqual(['long']);
      for (const nothing of ['', '   ', '\u00a0']) expect(await found(nothing)).toHaveLength(4);
    });

    it('search takes ten different words, and says so of more', async () => {
      const { owner } = await people(app, {});
      const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(' ');
      const response = (text: string) => owner.get(`/accounts?${filter('search', text)}`);
      expect((await response(`${words(10)} w1 w2`)).status).toBe(200);
      const rejected = await response(words(11));
      expect(errorsOf(rejected)).toEqual(['400 invalid_parameter filter[search]']);
      expect(rejected.body.errors[0].detail).toContain('at most 10 words');
    });
  });

  describe('by sets and bounds', () => {
    it('role_name equals, is any of and is none of', async () => {
      const { find } = await people(app, { user: {}, boss: { role: 'org_owner' }, root: { role: 'admin' } });
      expect(await find(filter('role_name', 'user'))).toEqual(['user']);
      expect(await find(filter('role_name__in', 'user,admin'))).toEqual(['user', 'root']);
      expect(await find('filter[role_name__in][]=admin&filter[role_name__in][]=org_owner')).toEqual(['boss', 'root']);
      expect(await find(filter('role_name__nin', 'user,admin'))).toEqual(['boss']);
      expect(await find('filter[role_name__nin][]=user&filter[role_name__nin][]=org_owner')).toEqual(['root']);
      expect(await find(filter('role_name__nin', 'nobody'))).toEqual(['user', 'boss', 'root']);
      expect(await find(filter('role_name__nin', 'null'))).toEqual(['user', 'boss', 'root']);
    });

    it.each(['joined_at', 'created_at'])(
      '%s: __gte and __lte are inclusive, and a date is that whole day',
      async (name) => {
        const at = (time: string | null) => ({ joined: false, ...(time !== null && { columns: { [name]: time } }) });
        const { find } = await people(app, {
          before: at('2026-01-09T23:59:59.999Z'),
          start: at('2026-01-10T00:00:00.000Z'),
          end: at('2026-01-10T23:59:59.999Z'),
          after: at('2026-01-11T00:00:00.000Z'),
        });
        expect(await find(filter(`${name}__gte`, '2026-01-10T23:59:59.999Z'))).toEqual(['end', 'after']);
        expect(await find(filter(`${name}__gte`, '2026-01-10'))).toEqual(['start', 'end', 'after']);
        expect(await find(filter(`${name}__lte`, '2026-01-10T00:00:00.000Z'))).toEqual(['before', 'start']);
        expect(await find(filter(`${name}__lte`, '2026-01-10'))).toEqual(['before', 'start', 'end']);
        const day = `${filter(`${name}__gte`, '2026-01-10')}&${filter(`${name}__lte`, '2026-01-10')}`;
        expect(await find(day)).toEqual(['start', 'end']);
      },
    );

    it('a bound leaves out what has no time', async () => {
      const { find } = await people(app, { joined: {}, invited: { joined: false } });
      expect(await find(filter('joined_at__gte', '2000-01-01'))).toEqual(['joined']);
      expect(await find(filter('joined_at__lte', '2100-01-01'))).toEqual(['joined']);
    });
  });

  describe('by role_scope', () => {
    const extra = (value: object) => ({ columns: { role_scope_extra: JSON.stringify(value) } });

    it('with_role_scope contains the JSON, as text or in brackets', async () => {
      const [red, blue] = [await organization(app), await organization(app)];
      const { get } = await admin(app);
      const { keysIn } = await people(app, {
        red: { org: [red] },
        both: { org: [red, blue], ...extra({ region: ['eu', 'us'] }) },
        neither: extra({ region: ['us'] }),
      });
      const find = async (query: string) => keysIn(await get(`/accounts?${query}`));
      const scope = (value: object) => find(filter('with_role_scope', JSON.stringify(value)));
      expect(await scope({ org: [red] })).toEqual(['red', 'both']);
      expect(await scope({ org: [blue, red] })).toEqual(['both']);
      expect(await scope({ org: [red.toUpperCase()] })).toEqual(['red', 'both']);
      expect(await scope({ org: [randomUUID()] })).toEqual([]);
      expect(await scope({ region: ['us'] })).toEqual(['both', 'neither']);
      expect(await scope({ org: [red], region: ['us', 'eu'] })).toEqual(['both']);
      expect(await scope({ org: ['no id'] })).toEqual([]);
      expect(await scope({})).toEqual(['red', 'both', 'neither']);
      expect(await find(`filter[with_role_scope][org][]=${red}`)).toEqual(['red', 'both']);
      expect(await find(`filter[with_role_scope][org][]=${red}&filter[with_role_scope][org][]=${blue}`)).toEqual([
        'both',
      ]);
      expect(await find(`filter[with_role_scope][region][]=us&filter[with_role_scope][org][]=${red}`)).toEqual([
        'both',
      ]);
    });

    it('with_role_scope rejects invalid JSON', async () => {
      const { get } = await signedIn(app);
      expect(errorsOf(await get(`/accounts?${filter('with_role_scope', '{"org":')}`))).toEqual([
        '400 invalid_parameter filter[with_role_scope]',
      ]);
    });

    it('with_role_scope finds nothing for an organization that the actor may not read', async () => {
      const other = await organization(app);
      const { find, org } = await people(app, { shared: { org: [other] } });
      expect(await find(filter('with_role_scope', JSON.stringify({ org: [org] })))).toEqual(['shared']);
      expect(await find(filter('with_role_scope', JSON.stringify({ org: [other] })))).toEqual([]);
      expect(await find(filter('with_role_scope', JSON.stringify({ org: [org, other] })))).toEqual([]);
    });

    it('role_scope equals the value that the actor sees, as JSON', async () => {
      const other = await organization(app);
      const { find, org, keysIn } = await people(app, {
        plain: {},
        shared: { org: [other] },
        extra: extra({ region: ['eu'] }),
      });
      const { get } = await admin(app);
      const owned = filter('role_scope', JSON.stringify({ org: [org] }));
      expect(await find(owned)).toEqual(['plain', 'shared']);
      expect(keysIn(await get(`/accounts?${owned}`))).toEqual(['plain']);
      const both = filter('role_scope', JSON.stringify({ org: [org, other].sort() }));
      expect(keysIn(await get(`/accounts?${both}`))).toEqual(['shared']);
      expect(await find(both)).toEqual([]);
      expect(await find(filter('role_scope', `{ "region": ["eu"], "org": ["${org}"] }`))).toEqual(['extra']);
      expect(await find(filter('role_scope', '{}'))).toEqual([]);
      expect(await find(`filter[role_scope][org][]=${org}`)).toEqual(['plain', 'shared']);
    });
  });

  it('join by AND', async () => {
    const { find } = await people(app, {
      ada: { name: 'Ada', role: 'org_owner' },
      eve: { name: 'Eve', role: 'org_owner' },
      bob: { name: 'Bob' },
    });
    expect(await find('filter[role_name]=org_owner&filter[name__match]=e&filter[enabled]=true')).toEqual(['eve']);
    expect(await find('filter[role_name]=user&filter[name]=Ada')).toEqual([]);
  });

  it('that the reference does not list are rejected, each under the name that was sent', async () => {
    const { get } = await signedIn(app);
    const unknown = [
      'nope',
      'name__like',
      'enabled__match',
      'email__nin',
      'updated_at__gte',
      'hashed_password',
      'version',
    ];
    const response = await get(`/accounts?${unknown.map((name) => `filter[${name}]=a`).join('&')}&filter=a`);
    expect(errorsOf(response).sort()).toEqual(
      [...unknown.map((name) => `400 invalid_parameter filter[${name}]`), '400 invalid_parameter filter'].sort(),
    );
  });

  it('that take one value are rejected when sent twice', async () => {
    const { get } = await signedIn(app);
    for (const name of ['name__match', 'search', 'created_at__gte', 'joined_at__lte']) {
      expect(errorsOf(await get(`/accounts?filter[${name}]=2026-01-01&filter[${name}]=2026-01-02`))).toEqual([
        `400 invalid_parameter filter[${name}]`,
      ]);
    }
  });
});
