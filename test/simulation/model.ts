// The model of a simulated agent: follows its step's plan as far as the conversation shows it has come, so that the
// same question always gets the same answer; and it fails, limits, drags and babbles as the faults say.

import { estimateInputTokens } from '../../src/domain/budget/estimate.ts'
import { KubeswarmError } from '../../src/domain/error.ts'
import type { LanguageModel, ModelRequest, ModelTurn } from '../../src/ports/language-model.ts'
import type { SimulatedProcess } from './process.ts'
import { server, type Plan } from './scenario.ts'
import type { World } from './world.ts'

const answerTokens = 20

export const simulatedModel = ({
  world,
  process,
}: {
  readonly world: World
  readonly process: SimulatedProcess
}): LanguageModel => {
  const { random, faults, scheduler } = world
  return {
    provider: 'simulated',
    endpoint: 'model',
    generate: (request) =>
      new Promise((resolve, reject) => {
        if (!process.alive || world.mayDie(process)) return
        const { run, step } = whoAsks(request)
        const turnsBefore = request.messages.filter(({ role }) => role === 'assistant').length
        const inputTokens = estimateInputTokens(request)
        const outputTokens = Math.min(answerTokens, request.maxOutputTokens)
        const refused = refusal(world)
        if (refused?.code !== 'ModelRateLimited')
          world.modelAsked({ process, run, step, turnsBefore, tokens: inputTokens + outputTokens })
        const ms = faults.strikes('modelSlow') ? random.between(5000, 35_000) : random.between(50, 1500)
        const cancel = scheduler.after(
          ms,
          () => {
            if (world.mayDie(process)) return
            if (refused !== undefined) reject(refused)
            else resolve(answer({ world, request, run, step, turnsBefore, inputTokens, outputTokens }))
          },
          process,
        )
        request.signal.addEventListener('abort', () => {
          cancel()
          reject(new KubeswarmError({ code: 'ModelTimeout', message: 'the call was stopped' }))
        })
      }),
  }
}

const whoAsks = ({ messages }: ModelRequest): { readonly run: string; readonly step: string } => {
  const text = messages.find(({ role }) => role === 'user')?.content ?? ''
  const step = /sim-step:(s\d+)/.exec(text)?.[1] ?? ''
  const run = /\brun-\d+\b/.exec(text)?.[0] ?? ''
  return { run, step }
}

const refusal = ({ faults, random }: World): KubeswarmError | undefined => {
  if (faults.strikes('modelFails'))
    return new KubeswarmError({ code: 'ModelServerError', message: '500', retryable: true })
  if (faults.strikes('modelLimits'))
    return new KubeswarmError({
      code: 'ModelRateLimited',
      message: '429',
      retryable: true,
      retryAfterMs: random.between(0, 20_000),
    })
  return undefined
}

const answer = ({
  world,
  run,
  step,
  turnsBefore,
  inputTokens,
  outputTokens,
}: {
  readonly world: World
  readonly request: ModelRequest
  readonly run: string
  readonly step: string
  readonly turnsBefore: number
  readonly inputTokens: number
  readonly outputTokens: number
}): ModelTurn => {
  const turn = {
    text: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: { inputTokens, outputTokens },
    model: 'simulated',
  } as const
  if (world.faults.strikes('modelBabbles')) return { ...turn, ...babble(world) }
  const plan = world.planOf({ run, step })
  const wanted = plan?.turns[turnsBefore] ?? []
  if (wanted.length === 0) return { ...turn, text: finalAnswer({ plan, step, run }) }
  return {
    ...turn,
    finishReason: 'tool-calls',
    toolCalls: wanted.map((tool, index) => ({
      id: `call-${turnsBefore}-${index}`,
      name: `${server}/${tool}`,
      arguments: JSON.stringify({ what: `${run}/${step}/${turnsBefore}/${index}` }),
    })),
  }
}

/** What small models do: a made-up tool, arguments that are no JSON, half an answer, none at all. */
const babble = ({ random }: World): Partial<ModelTurn> => {
  const call = (name: string, args: string): Partial<ModelTurn> => ({
    finishReason: 'tool-calls',
    toolCalls: [{ id: 'odd', name, arguments: args }],
  })
  return random.pick<Partial<ModelTurn>>([
    call(`${server}/p\u043est`, '{}'),
    call(`${server}/post`, '{"what": '),
    { text: 'half an ans', finishReason: 'length' },
    { text: '' },
  ])
}

const finalAnswer = ({
  plan,
  step,
  run,
}: {
  readonly plan: Plan | undefined
  readonly step: string
  readonly run: string
}): string => `${step} of ${run} is done. `.padEnd(plan?.answerBytes ?? 0, '.')
