// Every statement of the store, in one place and in the SQL that SQLite and PostgreSQL share; `?` stands for the next
// parameter. What stands in /*pg ... */ is read by PostgreSQL only: SQLite, with one process on a file, needs no row
// locks. What the statements mean together is told by the verbs, not here.

const task = 'id, task, state, fence, available_at, cancelled'

// Oldest first. A task past its run's deadline is nobody's work any more; a cancelled one is ended, not offered.
const available = `SELECT ${task} FROM tasks
  WHERE namespace = ? AND agent = ? AND state <> 'ended' AND cancelled IS NULL AND available_at <= ?
    AND (deadline IS NULL OR deadline > ?)
  ORDER BY position LIMIT ?`

// Said twice, because SQLite does not conclude from `leased` that the index of what has not ended will do.
const leased = `state <> 'ended' AND state = 'leased'`

export const statements = {
  version: {
    create: 'CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)',
    read: 'SELECT version FROM schema_version',
    clear: 'DELETE FROM schema_version',
    write: 'INSERT INTO schema_version (version) VALUES (?)',
  },
  run: {
    head: 'SELECT last_seq, last_hash FROM runs WHERE uid = ? /*pg FOR UPDATE */',
    hold: 'SELECT 1 FROM runs WHERE uid = ? /*pg FOR UPDATE */',
    insert: `INSERT INTO runs (uid, namespace, name, started_at, finished_at, phase, last_seq, last_hash)
      VALUES (?, ?, ?, ?, NULL, 'Running', 0, ?)
      ON CONFLICT (uid) DO NOTHING RETURNING last_seq, last_hash`,
    advance: 'UPDATE runs SET last_seq = ?, last_hash = ? WHERE uid = ?',
    finish: 'UPDATE runs SET finished_at = ?, phase = ? WHERE uid = ?',
    reopen: `UPDATE runs SET finished_at = NULL, phase = 'Running' WHERE uid = ?`,
    find: `SELECT uid, namespace, name, started_at, finished_at, phase FROM runs
      WHERE namespace = ? AND name = ? ORDER BY started_at DESC, uid DESC LIMIT 1`,
    unfinished: `SELECT uid, namespace, name, started_at, finished_at, phase FROM runs
      WHERE finished_at IS NULL ORDER BY started_at, uid`,
    page: `SELECT uid, namespace, name, started_at, finished_at, phase FROM runs
      WHERE (started_at, uid) < (?, ?) AND (finished_at IS NULL OR finished_at >= ?)
      ORDER BY started_at DESC, uid DESC LIMIT ?`,
    pageOfNamespace: `SELECT uid, namespace, name, started_at, finished_at, phase FROM runs
      WHERE namespace = ? AND (started_at, uid) < (?, ?) AND (finished_at IS NULL OR finished_at >= ?)
      ORDER BY started_at DESC, uid DESC LIMIT ?`,
    hasFinished: 'SELECT uid FROM runs WHERE uid = ? AND finished_at IS NOT NULL /*pg FOR UPDATE */',
    remove: 'DELETE FROM runs WHERE uid = ?',
    changedSince: 'SELECT uid, namespace, name FROM runs WHERE finished_at IS NULL OR finished_at >= ?',
  },
  record: {
    byKey: `SELECT run, seq, record_key, at, body, previous, hash FROM records WHERE run = ? AND record_key = ?`,
    insert: `INSERT INTO records (run, seq, record_key, at, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    remove: 'DELETE FROM records WHERE run = ?',
    after: `SELECT run, seq, record_key, at, body, previous, hash FROM records
      WHERE run = ? AND seq > ? ORDER BY seq`,
  },
  content: {
    insert: 'INSERT INTO contents (sha256, text) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING',
    link: 'INSERT INTO run_contents (sha256, run) VALUES (?, ?) ON CONFLICT (sha256, run) DO NOTHING',
    read: 'SELECT text FROM contents WHERE sha256 = ?',
    // Nobody may link to a text while it is decided that nobody does.
    holdAll: 'LOCK TABLE contents IN SHARE ROW EXCLUSIVE MODE',
    removeOfRun: `DELETE FROM contents WHERE sha256 IN (SELECT sha256 FROM run_contents WHERE run = ?)
      AND NOT EXISTS (SELECT 1 FROM run_contents o WHERE o.sha256 = contents.sha256 AND o.run <> ?)`,
    unlinkRun: 'DELETE FROM run_contents WHERE run = ?',
    readInRun: `SELECT c.text FROM contents c JOIN run_contents r ON r.sha256 = c.sha256
      WHERE c.sha256 = ? AND r.run = ?`,
    readByAgent: `SELECT c.text FROM contents c WHERE c.sha256 = ? AND EXISTS (
      SELECT 1 FROM run_contents r JOIN tasks t ON t.run = r.run
      WHERE r.sha256 = c.sha256 AND t.namespace = ? AND t.agent = ?)`,
  },
  task: {
    insert: `INSERT INTO tasks (id, position, run, namespace, agent, step, task, state, fence, submitted_at,
        available_at, deadline)
      VALUES (?, (SELECT COALESCE(MAX(position), 0) + 1 FROM tasks), ?, ?, ?, ?, ?, 'queued', 0, ?, ?, ?)
      ON CONFLICT (id) DO NOTHING RETURNING id`,
    read: `SELECT ${task} FROM tasks WHERE id = ?`,
    own: `SELECT ${task} FROM tasks WHERE id = ? /*pg FOR UPDATE */`,
    available: `${available} /*pg FOR UPDATE SKIP LOCKED */`,
    availableEvenHeld: `${available} /*pg FOR UPDATE */`,
    nextAvailable: `SELECT MIN(available_at) AS at FROM tasks
      WHERE namespace = ? AND agent = ? AND state <> 'ended' AND cancelled IS NULL
        AND (deadline IS NULL OR deadline > ?)`,
    lease: `UPDATE tasks SET state = 'leased', fence = ?, holder = ?, available_at = ?
      WHERE id = ? AND fence = ?`,
    extend: 'UPDATE tasks SET available_at = ? WHERE id = ? AND fence = ?',
    release: `UPDATE tasks SET state = 'queued', holder = NULL, available_at = ?
      WHERE id = ? AND fence = ?`,
    end: `UPDATE tasks SET state = 'ended' WHERE id = ? AND fence = ?`,
    markCancelled: 'UPDATE tasks SET cancelled = ? WHERE id = ?',
    openOfRun: `SELECT ${task} FROM tasks
      WHERE run = ? AND state <> 'ended' ORDER BY position, id /*pg FOR UPDATE */`,
    abandoned: `SELECT ${task} FROM tasks
      WHERE ${leased} AND cancelled IS NOT NULL AND available_at <= ?
      ORDER BY available_at, position LIMIT 1 /*pg FOR UPDATE SKIP LOCKED */`,
    nextAbandoned: `SELECT MIN(available_at) AS at FROM tasks WHERE ${leased} AND cancelled IS NOT NULL`,
    leased: `SELECT id, namespace, agent FROM tasks WHERE ${leased}`,
    leasedByAgent: `SELECT id FROM tasks WHERE namespace = ? AND agent = ? AND ${leased}`,
    removeOfRun: 'DELETE FROM tasks WHERE run = ?',
    depth: `SELECT state, COUNT(*) AS tasks, MIN(submitted_at) AS oldest FROM tasks
      WHERE namespace = ? AND agent = ? AND state <> 'ended' GROUP BY state`,
    depths: `SELECT namespace, agent, state, COUNT(*) AS tasks, MIN(submitted_at) AS oldest FROM tasks
      WHERE state <> 'ended' GROUP BY namespace, agent, state ORDER BY namespace, agent, state`,
  },
  policy: {
    all: 'SELECT policy FROM policies',
    agents: 'SELECT namespace, agent FROM policies',
    read: 'SELECT policy FROM policies WHERE namespace = ? AND agent = ?',
    put: `INSERT INTO policies (namespace, agent, revision, policy) VALUES (?, ?, ?, ?)
      ON CONFLICT (namespace, agent) DO UPDATE SET revision = excluded.revision, policy = excluded.policy`,
    putChanged: `INSERT INTO policies (namespace, agent, revision, policy) VALUES (?, ?, ?, ?)
      ON CONFLICT (namespace, agent) DO UPDATE SET revision = excluded.revision, policy = excluded.policy
        WHERE policies.revision <> excluded.revision
      RETURNING agent`,
    remove: 'DELETE FROM policies WHERE namespace = ? AND agent = ? RETURNING agent',
  },
  spend: {
    read: 'SELECT tokens FROM spend WHERE day = ? AND namespace = ? AND agent = ?',
    add: `INSERT INTO spend (day, namespace, agent, tokens) VALUES (?, ?, ?, ?)
      ON CONFLICT (day, namespace, agent) DO UPDATE SET tokens = spend.tokens + excluded.tokens`,
    hold: `INSERT INTO spend (day, namespace, agent, tokens) VALUES (?, ?, ?, 0)
      ON CONFLICT (day, namespace, agent) DO UPDATE SET tokens = spend.tokens`,
    reservation: `SELECT day, namespace, agent, tokens, settled FROM reservations WHERE reservation_key = ?`,
    reserve: `INSERT INTO reservations (reservation_key, day, namespace, agent, tokens, settled)
      VALUES (?, ?, ?, ?, ?, 0)`,
    ownReservation: `SELECT day, namespace, agent, tokens, settled FROM reservations
      WHERE reservation_key = ? /*pg FOR UPDATE */`,
    forget: 'DELETE FROM reservations WHERE reservation_key = ?',
    settle: 'UPDATE reservations SET tokens = ?, settled = 1 WHERE reservation_key = ?',
  },
  delivery: {
    read: 'SELECT entry FROM deliveries WHERE namespace = ? AND event = ? AND delivery = ?',
    insert: `INSERT INTO deliveries (namespace, event, delivery, received_at, entry, uid, subject, started, accepted_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, event, delivery) DO NOTHING RETURNING delivery`,
    // What was not understood may be understood later, by a corrected template; only one of two can be the first then.
    replace: `UPDATE deliveries SET received_at = ?, entry = ?, subject = ?, started = ?, accepted_at = ?
      WHERE namespace = ? AND event = ? AND delivery = ? AND started = 0 RETURNING delivery`,
    insertRun: `INSERT INTO delivery_runs (namespace, event, delivery, run, target, received_at, state)
      VALUES (?, ?, ?, ?, ?, ?, 'pending')`,
    pending: `SELECT d.entry, r.run FROM delivery_runs r JOIN deliveries d
        ON d.namespace = r.namespace AND d.event = r.event AND d.delivery = r.delivery
      WHERE r.state = 'pending' ORDER BY r.received_at, r.delivery, r.target LIMIT ?`,
    pendingOfEvent: `SELECT d.entry, r.run FROM delivery_runs r JOIN deliveries d
        ON d.namespace = r.namespace AND d.event = r.event AND d.delivery = r.delivery
      WHERE r.state = 'pending' AND r.namespace = ? AND r.event = ?
        AND (r.received_at, r.delivery, r.target) > (?, ?, ?)
      ORDER BY r.received_at, r.delivery, r.target LIMIT ?`,
    owing: `SELECT DISTINCT namespace, event FROM delivery_runs WHERE state = 'pending'`,
    waiting: `SELECT COUNT(*) AS runs, MIN(received_at) AS since FROM delivery_runs
      WHERE state = 'pending' AND namespace = ? AND event = ?`,
    settleRun: `UPDATE delivery_runs SET state = ?, refused = ?
      WHERE namespace = ? AND event = ? AND delivery = ? AND run = ? AND state = 'pending'
      RETURNING received_at`,
    fate: `SELECT state, refused FROM delivery_runs WHERE namespace = ? AND event = ? AND delivery = ? AND run = ?`,
    othersCreated: `SELECT COUNT(*) AS runs FROM delivery_runs
      WHERE namespace = ? AND event = ? AND delivery = ? AND run <> ? AND state = 'created'`,
    counts: `SELECT outcome, total, last_at, last_words FROM delivery_counts
      WHERE namespace = ? AND event = ? AND uid = ? ORDER BY outcome`,
    count: `INSERT INTO delivery_counts (namespace, event, uid, outcome, total, last_at, last_words)
      VALUES (?, ?, ?, ?, 1, ?, ?)
      ON CONFLICT (namespace, event, uid, outcome) DO UPDATE SET total = delivery_counts.total + 1,
        last_at = excluded.last_at, last_words = excluded.last_words`,
    recent: `SELECT entry FROM deliveries WHERE namespace = ? AND event = ? AND uid = ?
      ORDER BY received_at DESC, delivery LIMIT ?`,
    forgetRuns: `DELETE FROM delivery_runs WHERE (namespace, event, delivery, run) IN (
      SELECT namespace, event, delivery, run FROM delivery_runs
      WHERE received_at < ? AND state <> 'pending' ORDER BY received_at LIMIT ?)`,
    forget: `DELETE FROM deliveries WHERE (namespace, event, delivery) IN (
      SELECT d.namespace, d.event, d.delivery FROM deliveries d
      WHERE d.received_at < ? AND NOT EXISTS (SELECT 1 FROM delivery_runs r
        WHERE r.namespace = d.namespace AND r.event = d.event AND r.delivery = d.delivery)
      ORDER BY d.received_at LIMIT ?) RETURNING delivery`,
    forgetSubjects: 'DELETE FROM subjects WHERE touched_at < ?',
  },
  subject: {
    // Also where nothing changes: the row is what two firings of one subject wait for each other on.
    hold: `INSERT INTO subjects (namespace, event, uid, subject, resolved_at, touched_at) VALUES (?, ?, ?, ?, NULL, ?)
      ON CONFLICT (namespace, event, uid, subject) DO UPDATE SET touched_at = excluded.touched_at
      RETURNING resolved_at`,
    resolve: `UPDATE subjects SET resolved_at = ?
      WHERE namespace = ? AND event = ? AND uid = ? AND subject = ? AND (resolved_at IS NULL OR resolved_at < ?)`,
    latest: `SELECT accepted_at, entry FROM deliveries
      WHERE namespace = ? AND event = ? AND uid = ? AND subject = ? AND started = 1
      ORDER BY accepted_at DESC LIMIT 1`,
    startedSince: `SELECT COUNT(*) AS firings FROM deliveries
      WHERE namespace = ? AND event = ? AND uid = ? AND subject = ? AND started = 1 AND accepted_at > ?`,
  },
  end: {
    insert: `INSERT INTO run_ends (run, seq, namespace, name, phase, reason, message, ended_at, team)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, seq) DO NOTHING RETURNING run`,
    pending: `SELECT run, seq, namespace, name, phase, reason, message, ended_at, team FROM run_ends
      ORDER BY ended_at, run, seq LIMIT 200`,
    remove: 'DELETE FROM run_ends WHERE run = ? AND seq = ?',
  },
  outbox: {
    insert: `INSERT INTO outbox (namespace, notify, channel, id, grp, event, fact, created_at, due_at, attempts, state)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'pending')
      ON CONFLICT (namespace, notify, channel, id) DO NOTHING RETURNING id`,
    due: `SELECT namespace, notify, channel, grp, fact, created_at, attempts FROM outbox
      WHERE state = 'pending' AND due_at <= ?
      ORDER BY due_at, created_at, id LIMIT ? /*pg FOR UPDATE SKIP LOCKED */`,
    claim: `UPDATE outbox SET due_at = ?, attempts = ?
      WHERE namespace = ? AND notify = ? AND channel = ? AND id = ?`,
    end: `UPDATE outbox SET state = ?, tried_at = ?, error = ?
      WHERE namespace = ? AND notify = ? AND channel = ? AND id = ? AND attempts = ? AND state = 'pending'`,
    retry: `UPDATE outbox SET due_at = ?, tried_at = ?, error = ?
      WHERE namespace = ? AND notify = ? AND channel = ? AND id = ? AND attempts = ? AND state = 'pending'`,
    wait: `UPDATE outbox SET due_at = ?, attempts = attempts - 1
      WHERE namespace = ? AND notify = ? AND channel = ? AND id = ? AND attempts = ? AND state = 'pending'`,
    nextDue: `SELECT MIN(due_at) AS at FROM outbox WHERE state = 'pending'`,
    lastSent: `SELECT MAX(tried_at) AS at FROM outbox
      WHERE namespace = ? AND notify = ? AND channel = ? AND grp = ? AND state = 'sent' AND tried_at IS NOT NULL`,
    counts: 'SELECT state, COUNT(*) AS total FROM outbox WHERE namespace = ? AND notify = ? GROUP BY state',
    lastTries: `SELECT channel, event, tried_at, error FROM outbox o
      WHERE namespace = ? AND notify = ? AND tried_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM outbox later WHERE later.namespace = o.namespace AND later.notify = o.notify
          AND later.channel = o.channel AND (later.tried_at > o.tried_at OR (later.tried_at = o.tried_at AND later.id > o.id)))
      ORDER BY channel`,
    revive: `UPDATE outbox SET state = 'pending', due_at = ?, attempts = 0
      WHERE namespace = ? AND notify = ? AND state = 'dead' RETURNING id`,
    prune: `DELETE FROM outbox WHERE state <> 'pending' AND tried_at < ?`,
    pruneThreads: 'DELETE FROM outbox_threads WHERE at < ?',
    thread: `SELECT channel_id, ts, at FROM outbox_threads
      WHERE namespace = ? AND notify = ? AND place = ? AND thread = ?`,
    putThread: `INSERT INTO outbox_threads (namespace, notify, place, thread, channel_id, ts, at) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, notify, place, thread)
        DO UPDATE SET channel_id = excluded.channel_id, ts = excluded.ts, at = excluded.at`,
  },
} as const
