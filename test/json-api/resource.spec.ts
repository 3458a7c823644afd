import { describe, expect, it } from '@jest/globals';
import { IsNotEmpty } from 'class-validator';
import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import { readBody } from '../../src/json-api/write/body.js';
import { defineResource } from '../../src/json-api/resource/resource.js';
import { TIME } from '../../src/json-api/resource/field-types.js';
import { NoControlCharacters, Trimmed } from '../../src/json-api/resource/validation-rules.js';
import { and, ident, join, or, sql } from '../../src/json-api/sql/sql.js';

@Entity('things')
class Thing {
  @PrimaryColumn('uuid') id!: string;
  @Column({ type: 'varchar', length: 5 })
  @Trimmed()
  @IsNotEmpty({ message: 'must not be empty' })
  @NoControlCharacters()
  title!: string;
  @Column({ type: 'integer', nullable: true }) size!: number | null;
  @Column({ type: 'boolean', default: true }) open!: boolean;
  @Column({ ...TIME, nullable: true }) dueAt!: Date | null;
  @Column({ type: 'bytea', nullable: true }) blob!: Buffer;
  @VersionColumn() version!: number;
  virtual!: string;
}

@Entity('bare')
class Bare {
  @PrimaryColumn('uuid') id!: string;
  @Column('integer') version!: number;
}

class NoEntity {
  id!: string;
  version!: number;
}

const ThingResource = defineResource(Thing, {
  type: 'test:things',
  attributes: {
    title: { write: 'always' },
    size: { write: 'always' },
    open: { write: 'create' },
    dueAt: { write: 'always' },
  },
});

describe('A resource definition that does not fit its entity', () => {
  it.each([
    [() => defineResource(NoEntity, { type: 'a:b', attributes: {} }), 'needs an id column and a @VersionColumn'],
    [() => defineResource(Bare, { type: 'a:b', attributes: {} }), 'Bare needs an id column and a @VersionColumn'],
    [() => defineResource(Thing, { type: 'a:b', attributes: { virtual: {} } }), 'attribute "virtual" has no column'],
    [
      () => defineResource(Thing, { type: 'a:b', attributes: { title: { computed: { type: 'string' } } } }),
      'attribute "title" is computed, yet has a column',
    ],
    [() => defineResource(Thing, { type: 'a:b', attributes: { blob: {} } }), 'the unsupported column type "bytea"'],
    [
      () => defineResource(Thing, { type: 'a:b', attributes: { open: { filter: ['match'] } } }),
      'lists the filter "match", which a boolean does not have',
    ],
    [
      () => defineResource(Thing, { type: 'a:b', attributes: { title: { hidden: true, sort: true } } }),
      'attribute "title" is hidden, yet sortable or writable',
    ],
    [
      () =>
        defineResource(Thing, {
          type: 'a:b',
          attributes: { title: { filter: ['eq'] } },
          filters: { title: { type: 'string', takes: 'whole', description: '' } },
        }),
      'filter "title" is declared twice',
    ],
    [
      () =>
        defineResource(Thing, {
          type: 'a:b',
          attributes: { title: {} },
          relationships: { title: { many: 'c:d', by: 'x' } },
        }),
      'relationship "title" has the name of an attribute',
    ],
  ])('is rejected with a sentence that names the error: %#', (define, sentence) => {
    expect(define).toThrow(sentence);
  });
});

describe('A body', () => {
  const read = (attributes: object, current?: Record<string, unknown>) => {
    const { values, errors } = readBody(ThingResource, current ? 'update' : 'create', { ...attributes }, current);
    return [values, errors.map(({ detail }) => detail)];
  };

  it.each([
    [{ title: ' abc ' }, { title: 'abc' }, []],
    [{ title: 'a', size: null, open: false }, { title: 'a', size: null, open: false }, []],
    [{}, {}, ['title is required']],
    [{ title: null }, {}, ['title must be a string']],
    [{ title: 'a\0' }, {}, ['title contains a character that cannot be used']],
    [{ title: '   ' }, {}, ['title must not be empty']],
    [{ title: '123456' }, {}, ['title must have at most 5 characters']],
    // Five characters, ten UTF-16 units: PostgreSQL counts characters.
    [{ title: '😀😀😀😀😀' }, { title: '😀😀😀😀😀' }, []],
    [{ title: 'a\nb' }, {}, ['title must not contain control characters']],
    [{ title: 'a', size: 1.5 }, { title: 'a' }, ['size must be an integer']],
    [{ title: 'a', size: 3_000_000_000 }, { title: 'a' }, ['size must be an integer']],
    [{ title: 'a', open: 'yes' }, { title: 'a' }, ['open must be true or false']],
    [{ title: 'a', open: 'a\0' }, { title: 'a' }, ['open must be true or false']],
    [
      { title: 'a', due_at: '2026-02-30T00:00:00Z' },
      { title: 'a' },
      [expect.stringContaining('due_at must be an ISO 8601 instant')],
    ],
    [
      { title: 'a', version: 7, id: 'x', virtual: 1, blob: 1 },
      { title: 'a' },
      expect.arrayContaining(['There is no attribute "version" here']),
    ],
  ])('of a create %j', (attributes, values, errors) => {
    expect(read(attributes)).toEqual([values, errors]);
  });

  const current = { title: 'abc', size: 1, open: true, due_at: null };

  it.each([
    [current, {}, []],
    [{ title: ' abc' }, {}, []],
    [{ size: 2 }, { size: 2 }, []],
    [{ open: true }, {}, []],
    [{ open: false }, {}, ['open is read-only']],
    [{ size: null }, { size: null }, []],
  ])('of an update leaves out what is unchanged: %j', (attributes, values, errors) => {
    expect(read(attributes, current)).toEqual([values, errors]);
  });
});

describe('SQL', () => {
  it('is composed of text and parameters, numbered in order', () => {
    const part = sql`b = ${2} OR c = ${3}`;
    expect(and([sql`a = ${1}`, part, or([]), or([sql`TRUE`])]).compile()).toEqual({
      text: '(a = $1) AND (b = $2 OR c = $3) AND (FALSE) AND (((TRUE)))',
      values: [1, 2, 3],
    });
    expect(and([]).compile().text).toBe('TRUE');
    expect(join([sql`x`, sql`${1}`, sql`y`], ', ').compile()).toEqual({ text: 'x, $1, y', values: [1] });
  });

  it('quotes identifiers', () => {
    expect(ident('a"b').compile().text).toBe('"a""b"');
  });
});
