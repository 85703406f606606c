import { expect, test } from 'vitest'
import { chooseModel } from './choose-model.ts'

const ollama = (models: readonly string[]) =>
  ({ source: 'Ollama', baseUrl: 'http://localhost:11434/v1', result: { type: 'models', models } }) as const

test('an endpoint that has every model the agents name is used', () => {
  expect(
    chooseModel({ needed: ['qwen2.5:7b'], probes: [ollama(['qwen2.5:7b', 'llama3:latest'])] }),
  ).toMatchObject({
    type: 'endpoint',
    source: 'Ollama',
  })
})

test('a name without a tag finds the latest tag', () => {
  expect(chooseModel({ needed: ['llama3'], probes: [ollama(['llama3:latest'])] }).type).toBe('endpoint')
})

test('an endpoint that lacks a model is not used, and the reason names the model and how to get it', () => {
  const choice = chooseModel({ needed: ['qwen2.5:7b'], probes: [ollama(['llama3:latest'])] })
  expect(choice).toMatchObject({ type: 'scripted', remedy: 'ollama pull qwen2.5:7b' })
  expect(choice.type === 'scripted' && choice.reason).toContain('qwen2.5:7b')
})

test('the first probe that serves wins, an unreachable one is told', () => {
  const unreachable = {
    source: 'OPENAI_BASE_URL',
    baseUrl: 'http://127.0.0.1:9/v1',
    result: { type: 'unreachable', reason: 'connection refused' },
  } as const
  expect(chooseModel({ needed: [], probes: [unreachable, ollama(['a'])] })).toMatchObject({
    type: 'endpoint',
    source: 'Ollama',
  })
  expect(chooseModel({ needed: [], probes: [unreachable] })).toMatchObject({ type: 'scripted' })
})
