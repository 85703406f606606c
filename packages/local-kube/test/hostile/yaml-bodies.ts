/** Bodies of YAML: what is short is read on the spot, what is long beside the loop. */
import { configMaps, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('')
/** Of what is read on the spot. */
const LENGTH = 2_040

const texts: readonly (readonly [string, string])[] = [
  ['lists that do not end', '['.repeat(LENGTH)],
  ['lists within lists', '['.repeat(LENGTH / 2) + ']'.repeat(LENGTH / 2)],
  ['maps within maps', '{a: '.repeat(1_000)],
  ['lists by dashes', '- '.repeat(LENGTH / 2)],
  ['marked keys', '? '.repeat(LENGTH / 2)],
  [
    'keys',
    LETTERS.flatMap((a) => LETTERS.map((b) => `${a}${b}: 1`))
      .join('\n')
      .slice(0, LENGTH),
  ],
  ['aliases', `a: &a [1]\nb: [${'*a,'.repeat(1_300)}]`],
  ['merges', `a: &a {b: c}\n${many(450, () => '<<: *a').join('\n')}`],
  ['depth by spaces', many(85, (index) => `${' '.repeat(index)}a:`).join('\n')],
  ['tags', '!!str '.repeat(650)],
  ['anchors', '&a '.repeat(1_350)],
  ['documents', '---\n'.repeat(1_000)],
  ['quotes', '"'.repeat(LENGTH)],
  ['comments', '#\n'.repeat(2_000)],
  ['spaces', ' '.repeat(LENGTH)],
  ['tabs', '\t'.repeat(LENGTH)],
  ['colons', ': '.repeat(2_000)],
  ['dashes', '-\n'.repeat(2_000)],
  ['a block', `a: |\n${' x\n'.repeat(1_300)}`],
  ['directives', '%a\n'.repeat(1_350)],
  [
    'a bomb of aliases',
    many(
      40,
      (index) => `a${index}: &a${index} [${index === 0 ? 'x' : many(9, () => `*a${index - 1}`).join(',')}]`,
    ).join('\n'),
  ],
]

/** What is an object, if not one with a name. */
const OBJECTS = new Set(['keys', 'depth by spaces', 'a block'])
const type = 'application/yaml'

export const yamlBodies: readonly HostileRequest[] = [
  ...texts.flatMap(([name, text]): readonly HostileRequest[] => [
    {
      name: `YAML of ${name}`,
      path: configMaps,
      type,
      body: () => text.slice(0, LENGTH),
      status: OBJECTS.has(name) ? 422 : 400,
    },
    // Too long to be read on the spot; the marked keys take as long as a thread may.
    {
      name: `long YAML of ${name}`,
      path: configMaps,
      type,
      body: () => `${text}\n${text}`,
      status: 400,
      isLong: true,
    },
  ]),
  {
    name: 'YAML of 29,000 keys',
    path: configMaps,
    type,
    body: () => many(29_000, (index) => `k${index}: "x"`).join('\n'),
    status: 422,
    isLong: true,
  },
  {
    name: 'YAML of one text of 3 MB',
    path: configMaps,
    type,
    body: () => `a: ${'x'.repeat(3_000_000)}`,
    status: 422,
  },
  {
    name: 'YAML of a million levels',
    path: configMaps,
    type,
    body: () => '['.repeat(1_000_000),
    status: 400,
  },
]
