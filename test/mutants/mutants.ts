// The checks that keep calls within the policy, each with the change of the source that takes it away. For every one of
// them some test has to go red (`npm run test:mutants`).

export interface Mutant {
  /** What is taken away. */
  readonly check: string
  /** Under `src/`. */
  readonly file: string
  /** Stands in the file once. */
  readonly from: string
  readonly to: string
}

interface Group {
  readonly file: string
  /** Where the tests are that should notice, besides those of the file itself. */
  readonly tests: readonly string[]
  readonly changes: readonly (readonly [check: string, from: string, to: string])[]
}

const guardrail = 'domain/guardrail'

export const groups: readonly Group[] = [
  {
    file: `${guardrail}/gate.ts`,
    tests: [
      `${guardrail}/server-rules.test.ts`,
      `${guardrail}/toolset.test.ts`,
      `${guardrail}/merge-policies.test.ts`,
    ],
    changes: [
      ['the tool exists', '  unknownTool(question) ??\n', ''],
      [
        'the agent has the server',
        'if (policy.tools.servers.includes(name.server) && definition',
        'if (definition',
      ],
      ['the server offers the tool', " && definition !== 'unknown') return undefined", ') return undefined'],
      ['the server may be reached', '  serverForbidden(question) ??\n', ''],
      ['definitions are fixed for a run', '  definitionChanged(question) ??\n', ''],
      ['denials', '  deniedByPattern(question) ??\n', ''],
      ['allow lists', '  notAllowed(question) ??\n', ''],
      [
        'every allow list counts',
        'for (const list of policy.tools.allow) {',
        'for (const list of policy.tools.allow.slice(1)) {',
      ],
      ['the input schema', '  invalidArguments(question) ??\n', ''],
      ['argument constraints', '  constraintBroken(question) ??\n', ''],
      ['secrets in arguments', '  secretCarried(question) ??\n', ''],
      ['caps on calls', '  capReached(question) ??', ' undefined ??'],
      ['the cap on identical calls', 'earlier.identical >= identicalCalls.value', 'false'],
      ['the cap on all calls', 'earlier.calls >= callsPerTask.value', 'false'],
      ['models', '  if (denied !== undefined) return denied\n', ''],
      ['denied models', '  if (deny !== undefined) {', '  if (deny === null) {'],
      [
        'allowed models',
        'for (const list of policy.models.allow) {',
        'for (const list of policy.models.allow.slice(1)) {',
      ],
      ['room for an answer', '  if (left < MIN_ANSWER_TOKENS) {', '  if (left < -Infinity) {'],
      [
        'prompt counts against the call’s tokens',
        'tokensPerCall.value - estimatedInputTokens',
        'tokensPerCall.value',
      ],
      ['the answer’s own limit', 'Math.min(left, valueOr(answerTokensPerCall, left))', 'left'],
    ],
  },
  {
    file: `${guardrail}/toolset.ts`,
    tests: ['agent/perform-task.test.ts'],
    changes: [['approved digests', 'pin.digest === digest) return undefined', 'true) return undefined']],
  },
  {
    file: `${guardrail}/constraints.ts`,
    tests: [`${guardrail}/gate.test.ts`],
    changes: [
      ['a missing argument', 'rule.optional ? undefined : `argument "${rule.path}" is missing`', 'undefined'],
      ['only own properties are arguments', '|| !Object.hasOwn(value, segment))', ')'],
      ['const', 'return sameJson(value, rule.value) ? undefined', 'return true ? undefined'],
      ['enum', 'return rule.values.some((allowed) => sameJson(value, allowed))', 'return true'],
      ['pattern', "typeof item === 'string' && fullMatch(rule.pattern, item)", "typeof item === 'string'"],
      ['a pattern matches the whole value', '.matches(text)', '.matcher(text).find()'],
      ['a pattern that cannot be read', '    return false\n', '    return true\n'],
      ['maxLength', 'Array.from(item).length <= rule.maxLength', 'true'],
      ['only text has a length', "typeof item === 'string' && Array.from", 'Array.from'],
      ['fromInput', "(typeof item === 'number' ? String(item) : item) === bound", 'true'],
      ['fromInput of an absent input', 'if (!Object.hasOwn(input, rule.input))', 'if (false as boolean)'],
      ['an empty list', 'value.length > 0 && value.every', 'value.every'],
      ['every member of a list', 'value.every((item)', 'value.some((item)'],
      [
        'every rule of a constraint',
        'for (const rule of constraint.args) {',
        'for (const rule of constraint.args.slice(0, 1)) {',
      ],
    ],
  },
  {
    file: `${guardrail}/arguments.ts`,
    tests: [],
    changes: [
      ['size', 'text.length > MAX_ARGUMENT_BYTES || Buffer.byteLength(text) > MAX_ARGUMENT_BYTES', 'false'],
      ['depth', 'if (depth > MAX_ARGUMENT_DEPTH)', 'if (depth > Infinity)'],
      [
        'one object',
        "if (typeof value !== 'object' || value === null || Array.isArray(value)) {",
        'if (value === undefined) {',
      ],
      ['two equal keys', 'if (keys.has(key)) return', 'if (false as boolean) return'],
      ['__proto__', "if (key === '__proto__') return", "if (key === '__proto') return"],
      ['numbers out of range', '?? infiniteNumber(value)', ''],
    ],
  },
  {
    file: `${guardrail}/glob.ts`,
    tests: [],
    changes: [
      ['a pattern names a server', 'if (slash < 0) return false', 'if (slash < 0) return true'],
      ['server', 'matchesSegment(pattern.slice(0, slash), server) &&', ''],
      ['tool', '&& matchesSegment(pattern.slice(slash + 1), tool)', ''],
      ['what begins', '!text.startsWith(first) || ', ''],
      ['what ends', ' || !text.endsWith(last)', ''],
      ['beginning and end do not overlap', 'if (text.length < first.length + last.length) return false', ''],
      ['what lies between', 'if (at < 0 || at + piece.length > end) return false', ''],
      ['parts do not overlap', 'from = at + piece.length', 'from = at'],
      ['as many parts', 'patterns.length === segments.length &&', ''],
    ],
  },
  {
    file: `${guardrail}/input-schema.ts`,
    tests: [`${guardrail}/trust.test.ts`],
    changes: [
      [
        'references stay inside',
        "if (refers && typeof member === 'string' && !member.startsWith('#')) {",
        'if (false as boolean) {',
      ],
      ['depth of schemas', 'if (depth > MAX_SCHEMA_DEPTH)', 'if (depth > Infinity)'],
      ['size of schemas', 'if (budget < 0)', 'if (budget < -Infinity)'],
      ['patterns in linear time', '  code: { regExp },\n', ''],
    ],
  },
  {
    file: `${guardrail}/known-secrets.ts`,
    tests: [],
    changes: [
      ['as it is and escaped', '    escapedAnyhow(value),\n', ''],
      ['escaped more than once', 'String.raw`\\\\*`', "''"],
      ['percent-encoding', '`%(?:25)*${', '`%(?:26)*${'],
      ['code points in JSON', '`u${hexadecimal(unit, 4)}`', "'u'"],
      ['character references of HTML', '`&#0*${code};`', "'&#;'"],
      ['backwards', "    exactly([...value].toReversed().join('')),\n", ''],
      ['at a cut', '    cutOff(value),\n', ''],
      ['Base64 of JSON', '...(inJson === value ? []', '...(true ? []'],
      ['Base64', '    ...base64Forms(bytes).map(exactly),\n', ''],
      ['Base64 at any offset', '[0, 1, 2].flatMap', '[0].flatMap'],
      ['Base64 for URLs', "[core, core.replaceAll('+', '-').replaceAll('/', '_')]", '[core]'],
      ['hexadecimal', "    inAnyCase(bytes.toString('hex')),\n", ''],
      ['in keys', '...(Array.isArray(value) ? [] : [key]),', ''],
      ['in numbers', "if (typeof value === 'number') return [String(value)]", ''],
      ['short words are no secrets', 'if (value.length < SHORTEST_SECRET) return []', ''],
    ],
  },
  {
    file: `${guardrail}/policy-terms.ts`,
    tests: [
      `${guardrail}/merge-policies.test.ts`,
      `${guardrail}/gate.test.ts`,
      `${guardrail}/trust.test.ts`,
      `${guardrail}/output-gate.test.ts`,
      'domain/admission/check-separation.test.ts',
      'domain/admission/check-agent.test.ts',
      'domain/admission/check-policy.test.ts',
    ],
    changes: [
      ['denials add up', 'toolDeny: union(a.toolDeny, b.toolDeny)', 'toolDeny: a.toolDeny'],
      [
        'constraints add up',
        'constraints: union(a.constraints, b.constraints)',
        'constraints: a.constraints',
      ],
      [
        'allowed models intersect',
        'modelAllow: union(a.modelAllow, b.modelAllow)',
        'modelAllow: a.modelAllow',
      ],
      ['denied models add up', 'modelDeny: union(a.modelDeny, b.modelDeny)', 'modelDeny: a.modelDeny'],
      ['output patterns add up', 'outputDeny: union(a.outputDeny, b.outputDeny)', 'outputDeny: a.outputDeny'],
      ['the lowest ceiling', ': a.value < b.value', ': a.value > b.value'],
      ['the firmest demand for separation', "a.mode === 'Enforce'", "a.mode !== 'Enforce'"],
      ['the least trust', 'warier(a, b) === a', 'warier(a, b) !== a'],
      ['the most thorough check', 'isLessThorough(b.level, a.level)', 'isLessThorough(a.level, b.level)'],
      ['a policy’s denials', 'toolDeny: rules(tools.deny,', 'toolDeny: rules([],'],
      ['a policy’s constraints', 'constraintsOf(tools.constraints,', 'constraintsOf([],'],
      ['a policy’s denied models', 'rules(models.denied,', 'rules([],'],
      [
        'order says nothing',
        'a.value === b.value ? canonicalJson(a.source) < canonicalJson(b.source) : a.value < b.value',
        'a.value < b.value',
      ],
    ],
  },
  {
    file: `${guardrail}/merge-policies.ts`,
    tests: [
      `${guardrail}/gate.test.ts`,
      `${guardrail}/trust.test.ts`,
      `${guardrail}/server-rules.test.ts`,
      `${guardrail}/output-gate.test.ts`,
    ],
    changes: [
      ['a policy’s denials reach the agent', '        ...terms.toolDeny,\n', ''],
      ['the agent’s own denials', '        ...rules(permissions.deny,', '        ...rules([],'],
      ['a policy’s constraints reach the agent', '        ...terms.constraints,\n', ''],
      ['the agent’s own constraints', '...constraintsOf(permissions.constraints,', '...constraintsOf([],'],
      [
        'a policy’s models reach the agent',
        'models: { allow: terms.modelAllow, deny: terms.modelDeny }',
        'models: { allow: [], deny: [] }',
      ],
      [
        'tokensPerCall',
        "tighter(orDefault('tokensPerCall'), ceilings.maxTokensPerCall)",
        "orDefault('tokensPerCall')",
      ],
      [
        'timeoutSeconds',
        "tighter(orDefault('timeoutSeconds'), ceilings.maxTimeoutSeconds)",
        "orDefault('timeoutSeconds')",
      ],
      [
        'concurrentTasks',
        "tighter(orDefault('concurrentTasks'), ceilings.maxConcurrentTasks)",
        "orDefault('concurrentTasks')",
      ],
      ['the day’s tokens', '...(ceilings.maxDailyTokens === undefined ? {}', '...(true ? {}'],
      ['an empty allow list is a list', 'permissions.allow === undefined', '!permissions.allow?.length'],
      ['settings’ rules for servers', '...(demands === undefined ? {} : { serverRules: demands }),', ''],
      ['trust', '...(trust === undefined ? {} : { trust }),', ''],
    ],
  },
  {
    file: `${guardrail}/server-rules.ts`,
    tests: [],
    changes: [
      ['settings that are not there', 'if (missing !== undefined)', 'if (missing === null)'],
      ['addresses', 'if (outside !== undefined)', 'if (outside === null)'],
      [
        'credentials',
        'if (requireAuth !== undefined && address?.authenticated !== true)',
        'if (requireAuth === null)',
      ],
    ],
  },
  {
    file: `${guardrail}/address.ts`,
    tests: [`${guardrail}/server-rules.test.ts`],
    changes: [
      ['scheme', 'allowed.protocol !== asked.protocol || ', ''],
      ['host and port', ' || allowed.host !== asked.host', ''],
      ['path', 'segments.every((segment, index) => wanted[index] === segment)', 'true'],
      [
        'encoded path signs',
        'if (segments.length > 0 && /%2f|%5c|%2e/i.test(asked.pathname)) return false',
        '',
      ],
    ],
  },
  {
    file: `${guardrail}/trust.ts`,
    tests: [`${guardrail}/merge-policies.test.ts`],
    changes: [
      [
        'the warier level',
        'caution[b.level] > caution[a.level] ? b : a',
        'caution[b.level] > caution[a.level] ? a : b',
      ],
      [
        'no more trust than by default',
        'caution[forced.level] >= caution[defaultTrust] ? forced :',
        'caution[forced.level] >= 0 ? forced :',
      ],
    ],
  },
  {
    file: `${guardrail}/output-gate.ts`,
    tests: [],
    changes: [
      [
        'the least check',
        '|| !isLessThorough(level, demand.level)) return undefined',
        '|| isLessThorough(level, demand.level)) return undefined',
      ],
      ['patterns', 'if (found === false) continue', 'if (found !== null) continue'],
      ['a pattern that cannot be read', "    return 'unreadable'\n", '    return false\n'],
    ],
  },
  {
    file: `${guardrail}/tool-effect.ts`,
    tests: ['agent/declared-effects.test.ts'],
    changes: [
      ['undeclared is a write', "declared[0] ?? 'write'", "declared[0] ?? 'read-only'"],
      [
        'the strictest declaration',
        'strictness[b] > strictness[a] ? b : a',
        'strictness[b] > strictness[a] ? a : b',
      ],
      [
        'annotations against read-only',
        "readOnlyHint === false || destructiveHint === true ? 'write'",
        "false ? 'write'",
      ],
      ['annotations against idempotent', "idempotentHint === false ? 'write'", "false ? 'write'"],
    ],
  },
  {
    file: `${guardrail}/tool-powers.ts`,
    tests: [`${guardrail}/separation.test.ts`],
    changes: [
      [
        'undeclared counts as everything',
        "if (first === undefined) return ['undeclared']",
        "if (first === undefined) return ['read-only']",
      ],
      ['a stricter part counts', '[...new Set([forAll, ...forSome])]', '[forAll]'],
      ['what may be left out fixes nothing', '!optional && (type', '(type'],
      [
        'patterns and lengths fix nothing',
        "(type === 'const' || type === 'enum' || type === 'fromInput')",
        'true',
      ],
      [
        'only a constraint on the whole pattern confines',
        'policy.tools.constraints.filter((rule) => covers(rule.pattern, pattern))',
        'policy.tools.constraints.filter((rule) => overlap(rule.pattern, pattern))',
      ],
    ],
  },
  {
    file: `${guardrail}/pattern-sets.ts`,
    tests: [`${guardrail}/tool-powers.test.ts`],
    changes: [
      [
        'beginnings exclude each other',
        '(begins[0].startsWith(begins[1]) || begins[1].startsWith(begins[0])) &&',
        '',
      ],
      ['ends exclude each other', '(ends[0].endsWith(ends[1]) || ends[1].endsWith(ends[0]))', 'true'],
      ['servers overlap', 'segmentsOverlap(left.server, right.server) &&', ''],
    ],
  },
  {
    file: `${guardrail}/separation.ts`,
    tests: ['domain/admission/check-separation.test.ts'],
    changes: [
      ['untrusted words', 'meets: untrusted !== undefined && priv', 'meets: priv'],
      ['private data', 'priv !== undefined && writes.length > 0', 'writes.length > 0'],
      ['a way out', ' && writes.length > 0,', ','],
      ['a confined write is no way out', "power.writes === 'anywhere'", "power.writes !== 'nothing'"],
      ['the run’s input is untrusted', "origin.takesInput ? 'input' : readBy(origin)", 'readBy(origin)'],
      [
        'what is read is untrusted',
        "origin.takesInput ? 'input' : readBy(origin)",
        "origin.takesInput ? 'input' : undefined",
      ],
      [
        'every step before is followed',
        'found.push([before, ...path])',
        'if (path.length < 2) found.push([before, ...path])',
      ],
    ],
  },
  {
    file: 'domain/run/data-flow.ts',
    tests: [`${guardrail}/separation.test.ts`],
    changes: [
      [
        'a template that cannot be read takes everything',
        'return { from: before, takesInput: true }',
        'return { from: [], takesInput: false }',
      ],
      ['a step without inputs takes the run’s', 'read.length === 0 || read.some', 'read.some'],
      [
        'a team without a pipeline',
        'if (pipeline.length === 0) return anyFlow(spec)',
        'if (pipeline.length === 0) return []',
      ],
      [
        'outputs are handed on',
        "else if (root === 'steps' && name !== undefined && field !== 'status' && before.includes(name))",
        'else if (root === null && name !== undefined)',
      ],
      [
        'all steps at once',
        "if (root === undefined || (root === 'steps' && name === undefined)) from.push(...before)\n    else if",
        'if',
      ],
    ],
  },
  {
    file: 'domain/admission/check-agent.ts',
    tests: ['domain/admission/check-separation.test.ts'],
    changes: [
      ['policies at admission', '    checkPolicies(agent, context),\n', ''],
      ['separation at admission', '    checkAgentSeparation({ agent, oldAgent, context }),\n', ''],
      [
        'Enforce refuses',
        "if (violation.mode === 'Warn') return warnings([finding])",
        'return warnings([finding])',
      ],
    ],
  },
  {
    file: 'agent/allow-call.ts',
    tests: [
      'agent/allow-call.test.ts',
      'agent/worker.test.ts',
      'agent/faults.test.ts',
      'agent/perform-task.test.ts',
    ],
    changes: [
      ['the gate is asked', "if (decision.type === 'denied') {", "if (decision.type === 'never') {"],
      [
        'every policy is asked',
        'for (const policy of judges) {',
        'for (const policy of judges.slice(0, 1)) {',
      ],
      ['a policy that came meanwhile', '!allowedBy.has(revision)', 'false'],
      [
        'permissions are issued here',
        'export const redeem = (call: AllowedCall): boolean => issued.delete(call)',
        'export const redeem = (call: AllowedCall): boolean => issued.delete(call) || true',
      ],
      ['a permission is used once', 'issued.delete(call)', 'issued.has(call)'],
      [
        'arguments that cannot be read',
        "if (parsed.type === 'malformed' || args === undefined) {",
        'if (false as boolean) {',
      ],
      ['secrets are known to the gate', '    secrets,\n  } as const', '  } as const'],
      ['no secret in the record of a refusal', 'withoutSecrets(sent, secrets)', 'sent'],
      [
        'no half of one either',
        'String(shown(text)).slice(0, length)',
        'String(shown(text.slice(0, length)))',
      ],
      ['equal calls are counted', 'return parsed.type', 'return false && parsed.type'],
    ],
  },
  {
    file: 'agent/call-tool.ts',
    tests: ['agent/allow-call.test.ts', 'agent/perform-task.test.ts', 'agent/worker.test.ts'],
    changes: [
      ['a call needs a permission', 'if (!redeem(call)) {', 'if (redeem(call) === null) {'],
      [
        'the announcement is durable before the call',
        "await session.append([\n    { type: 'tool.intended'",
        "session.policy\n  void session.append([\n    { type: 'tool.intended'",
      ],
      ['a policy that came with the answer', 'if (refusal !== undefined)', 'if (false as boolean)'],
      ['the answer’s own policy', '[...session.policies, policy]', 'session.policies'],
      [
        'a policy that came before another try',
        'if (call.reconsider(session.policies) !== undefined)',
        'if (false as boolean)',
      ],
    ],
  },
  {
    file: `${guardrail}/approved-tools.ts`,
    tests: [],
    changes: [
      ['the pin is compared', 'if (pin === toolsetDigest(definitions))', 'if (pin !== undefined)'],
      ['a record adds up to the pin', ' && digestOfAll(Object.values(approved)) === pin', ''],
      ['a definition is compared', '=== approved[tool])', '!== undefined)'],
      ['a name is listed once', 'now.length === 1 && ', ''],
    ],
  },
  {
    file: `${guardrail}/visible-text.ts`,
    tests: [`${guardrail}/offered-tools.test.ts`],
    changes: [
      ['hidden characters of schemas', "if (typeof value === 'string') return visible(value)", ''],
      ['hidden characters of descriptions', 'visible(description) !== description ||', 'false ||'],
    ],
  },
  {
    file: `${guardrail}/offered-tools.ts`,
    tests: [],
    changes: [
      [
        'two tools of one name',
        "allowed: decision.type === 'allowed' && !isAmbiguous",
        "allowed: decision.type === 'allowed'",
      ],
    ],
  },
  {
    file: 'agent/pin-tools.ts',
    tests: [
      'agent/allow-call.test.ts',
      'agent/worker.test.ts',
      'agent/faults.test.ts',
      `${guardrail}/server-rules.test.ts`,
    ],
    changes: [
      ['two tools of one name', 'if (same.length > 1)', 'if (same.length > 9)'],
      ['hidden characters', 'description: visible(description)', 'description: description'],
      [
        'only callable tools are offered',
        'alias !== undefined && isCallable(policy, tool)',
        'alias !== undefined',
      ],
      [
        'a forbidden server is not contacted',
        "if (denied !== undefined) return unavailable(refusal('PolicyDenied', denied))",
        '',
      ],
    ],
  },
  {
    file: 'agent/task-session.ts',
    tests: ['agent/worker.test.ts'],
    changes: [
      ['the policy of the start still holds', ': [this.#atStart, this.#current]', ': [this.#current]'],
      ['the newest policy holds', ': [this.#atStart, this.#current]', ': [this.#atStart]'],
    ],
  },
  {
    file: 'agent/ask-model.ts',
    tests: ['agent/faults.test.ts'],
    changes: [
      [
        'the gate is asked about models',
        "if (decision.type === 'denied') {\n      await",
        "if (decision.type === 'never') {\n      await",
      ],
      [
        'tokens are reserved',
        "if (reservation.type === 'exhausted') {",
        "if (reservation.type === 'never') {",
      ],
    ],
  },
  {
    file: 'agent/judge-answer.ts',
    tests: ['agent/faults.test.ts', 'agent/perform-task.test.ts'],
    changes: [
      ['the prompt was read whole', '  contextCut({ turn, request, asked }) ??\n', ''],
      [
        'the model that answered',
        '  otherModel({ turn, modelName: asked.modelName, policies, log }) ??\n',
        '',
      ],
      [
        'tokens of thinking',
        '  thoughtTooLong({ turn, modelName: asked.modelName, policies })\n',
        '  undefined\n',
      ],
    ],
  },
]

export const mutants: readonly (Mutant & { readonly tests: readonly string[] })[] = groups.flatMap(
  ({ file, tests, changes }) =>
    changes.map(([check, from, to]) => ({
      check,
      file,
      from,
      to,
      tests: [file.replace(/\.ts$/, '.test.ts'), ...tests],
    })),
)
