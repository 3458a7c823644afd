import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ACTIONS } from '../../src/events/audit-action.js';
import { eventNames, SESSION_EVENTS } from '../../src/events/iam-event.js';

const PAGE = readFileSync('docs/events.md', 'utf8');
const NAMES = new Set([...PAGE.matchAll(/`(iam:\w+\.\w+)`/g)].map(([, name]) => name));

describe('docs/events.md', () => {
  it('names every event besides the writes of resources', () => {
    expect([...ACTIONS, ...SESSION_EVENTS].filter((name) => !NAMES.has(name))).toEqual([]);
  });

  it('names no event that does not exist', () => {
    const names = eventNames(
      [
        'iam:accounts',
        'iam:account_passkeys',
        'iam:account_sessions',
        'iam:api_keys',
        'iam:organizations',
        'iam:trusted_devices',
      ],
      ['iam:teams.member_added'],
    );
    expect([...NAMES].filter((name) => !names.has(String(name)))).toEqual([]);
  });
});
