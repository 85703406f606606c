// Colour where a person looks, none where a pipe reads (NO_COLOR, FORCE_COLOR and --no-color are honoured).

import picocolors from 'picocolors'

export type Paint = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'
>

export const paintFor = (
  stream: { readonly isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): Paint =>
  picocolors.createColors(
    environment['NO_COLOR'] === undefined &&
      (stream.isTTY === true || environment['FORCE_COLOR'] !== undefined) &&
      !process.argv.includes('--no-color'),
  )
