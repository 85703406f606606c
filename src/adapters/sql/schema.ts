// The tables, as forward migrations that SQLite and PostgreSQL both understand: TEXT, BIGINT, composite keys and
// partial indexes only. Times are milliseconds since the epoch where they are compared, RFC 3339 where they are
// shown. A migration that has shipped is never edited; the next one corrects it.

export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE runs (
      uid TEXT PRIMARY KEY,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      started_at TEXT NOT NULL,
      finished_at TEXT,
      phase TEXT NOT NULL,
      last_seq BIGINT NOT NULL,
      last_hash TEXT NOT NULL
    )`,
    `CREATE INDEX runs_by_name ON runs (namespace, name, started_at)`,
    `CREATE INDEX runs_unfinished ON runs (started_at) WHERE finished_at IS NULL`,
    `CREATE TABLE records (
      run TEXT NOT NULL,
      seq BIGINT NOT NULL,
      record_key TEXT NOT NULL,
      at TEXT NOT NULL,
      body TEXT NOT NULL,
      previous TEXT NOT NULL,
      hash TEXT NOT NULL,
      PRIMARY KEY (run, seq),
      UNIQUE (run, record_key)
    )`,
    `CREATE TABLE contents (
      sha256 TEXT PRIMARY KEY,
      text TEXT NOT NULL
    )`,
    // Which runs may read a text: equal texts of different runs share one row above.
    `CREATE TABLE run_contents (
      sha256 TEXT NOT NULL,
      run TEXT NOT NULL,
      PRIMARY KEY (sha256, run)
    )`,
    // available_at: from when the task may be handed out; for a leased task the end of its lease.
    `CREATE TABLE tasks (
      id TEXT PRIMARY KEY,
      position BIGINT NOT NULL,
      run TEXT NOT NULL,
      namespace TEXT NOT NULL,
      agent TEXT NOT NULL,
      step TEXT NOT NULL,
      task TEXT NOT NULL,
      state TEXT NOT NULL,
      fence BIGINT NOT NULL,
      holder TEXT,
      submitted_at BIGINT NOT NULL,
      available_at BIGINT NOT NULL,
      deadline BIGINT,
      cancelled TEXT
    )`,
    `CREATE INDEX tasks_open ON tasks (namespace, agent, position) WHERE state <> 'ended'`,
    `CREATE INDEX tasks_by_run ON tasks (run)`,
    `CREATE TABLE policies (
      namespace TEXT NOT NULL,
      agent TEXT NOT NULL,
      revision TEXT NOT NULL,
      policy TEXT NOT NULL,
      PRIMARY KEY (namespace, agent)
    )`,
    // One row per agent and day, and one with an empty agent for the namespace's day.
    `CREATE TABLE spend (
      day TEXT NOT NULL,
      namespace TEXT NOT NULL,
      agent TEXT NOT NULL,
      tokens BIGINT NOT NULL,
      PRIMARY KEY (day, namespace, agent)
    )`,
    `CREATE TABLE reservations (
      reservation_key TEXT PRIMARY KEY,
      day TEXT NOT NULL,
      namespace TEXT NOT NULL,
      agent TEXT NOT NULL,
      tokens BIGINT NOT NULL,
      settled BIGINT NOT NULL
    )`,
    `CREATE TABLE deliveries (
      namespace TEXT NOT NULL,
      event TEXT NOT NULL,
      delivery TEXT NOT NULL,
      received_at TEXT NOT NULL,
      entry TEXT NOT NULL,
      PRIMARY KEY (namespace, event, delivery)
    )`,
    `CREATE TABLE delivery_runs (
      namespace TEXT NOT NULL,
      event TEXT NOT NULL,
      delivery TEXT NOT NULL,
      run TEXT NOT NULL,
      target BIGINT NOT NULL,
      received_at TEXT NOT NULL,
      state TEXT NOT NULL,
      refused TEXT,
      PRIMARY KEY (namespace, event, delivery, run)
    )`,
    `CREATE INDEX delivery_runs_pending ON delivery_runs (received_at) WHERE state = 'pending'`,
  ],
  // The next position is one more than the last.
  [`CREATE INDEX tasks_by_position ON tasks (position)`],
  [
    `CREATE TABLE run_ends (
      run TEXT NOT NULL,
      seq BIGINT NOT NULL,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      phase TEXT NOT NULL,
      reason TEXT NOT NULL,
      message TEXT NOT NULL,
      ended_at TEXT NOT NULL,
      team TEXT,
      PRIMARY KEY (run, seq)
    )`,
    // due_at: when the message may be taken; for a taken one the end of its lease.
    `CREATE TABLE outbox (
      namespace TEXT NOT NULL,
      notify TEXT NOT NULL,
      channel BIGINT NOT NULL,
      id TEXT NOT NULL,
      grp TEXT NOT NULL,
      event TEXT NOT NULL,
      fact TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      due_at BIGINT NOT NULL,
      attempts BIGINT NOT NULL,
      state TEXT NOT NULL,
      tried_at BIGINT,
      error TEXT,
      PRIMARY KEY (namespace, notify, channel, id)
    )`,
    `CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'pending'`,
    `CREATE INDEX outbox_tried ON outbox (namespace, notify, channel, tried_at) WHERE tried_at IS NOT NULL`,
    `CREATE TABLE outbox_threads (
      namespace TEXT NOT NULL,
      notify TEXT NOT NULL,
      place TEXT NOT NULL,
      thread TEXT NOT NULL,
      channel_id TEXT NOT NULL,
      ts TEXT NOT NULL,
      at BIGINT NOT NULL,
      PRIMARY KEY (namespace, notify, place, thread)
    )`,
  ],
  [
    // `delivery` begins with the event's uid: a later event of the same name has deliveries anew.
    `ALTER TABLE deliveries ADD COLUMN uid TEXT NOT NULL DEFAULT ''`,
    `ALTER TABLE deliveries ADD COLUMN subject TEXT`,
    `ALTER TABLE deliveries ADD COLUMN started BIGINT NOT NULL DEFAULT 1`,
    `ALTER TABLE deliveries ADD COLUMN accepted_at BIGINT NOT NULL DEFAULT 0`,
    `CREATE INDEX deliveries_by_subject ON deliveries (namespace, event, uid, subject, accepted_at)
      WHERE started = 1 AND subject IS NOT NULL`,
    `CREATE INDEX deliveries_by_time ON deliveries (received_at)`,
    `CREATE INDEX deliveries_of_event ON deliveries (namespace, event, received_at)`,
    `CREATE INDEX delivery_runs_owed ON delivery_runs (namespace, event, received_at, delivery, target)
      WHERE state = 'pending'`,
    `CREATE INDEX delivery_runs_by_time ON delivery_runs (received_at)`,
    `CREATE TABLE subjects (
      namespace TEXT NOT NULL,
      event TEXT NOT NULL,
      uid TEXT NOT NULL,
      subject TEXT NOT NULL,
      resolved_at BIGINT,
      touched_at TEXT NOT NULL,
      PRIMARY KEY (namespace, event, uid, subject)
    )`,
    `CREATE INDEX subjects_by_time ON subjects (touched_at)`,
    // One row per event and outcome: counts outlive the deliveries they counted.
    `CREATE TABLE delivery_counts (
      namespace TEXT NOT NULL,
      event TEXT NOT NULL,
      uid TEXT NOT NULL,
      outcome TEXT NOT NULL,
      total BIGINT NOT NULL,
      last_at TEXT NOT NULL,
      last_words TEXT NOT NULL,
      PRIMARY KEY (namespace, event, uid, outcome)
    )`,
  ],
  // The audit trail goes through runs by their start.
  [
    `CREATE INDEX runs_by_start ON runs (started_at, uid)`,
    `CREATE INDEX runs_of_namespace_by_start ON runs (namespace, started_at, uid)`,
    `CREATE INDEX run_contents_by_run ON run_contents (run)`,
  ],
  // In the order in which they are asked for: with less, SQLite goes through all runs that there ever were.
  [
    `DROP INDEX runs_unfinished`,
    `CREATE INDEX runs_unfinished ON runs (started_at, uid) WHERE finished_at IS NULL`,
  ],
]

export const schemaVersion = migrations.length
