// The tables of the ledger, as steps from one version to the next: a new ledger takes all of them, an older one those
// that it lacks, so that both have the same tables. A change adds a step, and never alters one that has been there;
// doc/formats.md describes the tables.
#pragma once

#include <array>

namespace simswarm::ledger {

constexpr const char* kFrom0 = R"sql(
CREATE TABLE campaign(id TEXT PRIMARY KEY, name TEXT, dialect TEXT, folder TEXT, command TEXT, started INTEGER, ended INTEGER,
  state TEXT, host TEXT, version TEXT) WITHOUT ROWID;
CREATE TABLE campaign_input(campaign TEXT, path TEXT, digest TEXT, PRIMARY KEY(campaign, path)) WITHOUT ROWID;
CREATE TABLE campaign_part(campaign TEXT, config TEXT, position INTEGER, name TEXT, value TEXT,
  PRIMARY KEY(campaign, config, position)) WITHOUT ROWID;
CREATE TABLE run(campaign TEXT, position INTEGER, key TEXT, config TEXT, number INTEGER, variables TEXT, repetition INTEGER,
  seed_set TEXT, PRIMARY KEY(campaign, position)) WITHOUT ROWID;
CREATE INDEX run_key ON run(key);
CREATE TABLE attempt(key TEXT, number INTEGER, campaign TEXT, outcome TEXT, message TEXT, simulated_time TEXT, event INTEGER,
  module TEXT, wall REAL, user REAL, system REAL, peak_memory INTEGER, result_bytes INTEGER, events INTEGER, started INTEGER,
  ended INTEGER, exit_code INTEGER, host TEXT, command TEXT, output TEXT, errors TEXT, own TEXT,
  PRIMARY KEY(key, number)) WITHOUT ROWID;
CREATE TABLE result(key TEXT PRIMARY KEY, attempt INTEGER, accepted INTEGER) WITHOUT ROWID;
CREATE TABLE file(key TEXT, path TEXT, size INTEGER, digest TEXT, device INTEGER, inode INTEGER, mtime INTEGER, ctime INTEGER,
  PRIMARY KEY(key, path)) WITHOUT ROWID;
CREATE INDEX file_path ON file(path);
CREATE TABLE written(path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE intent(key TEXT PRIMARY KEY, attempt INTEGER, folder TEXT, kept TEXT) WITHOUT ROWID;
CREATE TABLE intent_file(key TEXT, path TEXT, size INTEGER, digest TEXT, staged TEXT, PRIMARY KEY(key, path)) WITHOUT ROWID;
CREATE TABLE digest(device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER, digest TEXT,
  PRIMARY KEY(device, inode)) WITHOUT ROWID;
CREATE TABLE claim(key TEXT PRIMARY KEY, owner TEXT) WITHOUT ROWID;
)sql";

// What a campaign was made with and what it came to; its place in the order of campaigns, which no clock decides.
// Some ledgers of version 1 have the table memo already.
constexpr const char* kFrom1 = R"sql(
CREATE TABLE IF NOT EXISTS memo(name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
ALTER TABLE campaign ADD COLUMN position INTEGER;
ALTER TABLE campaign ADD COLUMN project TEXT;
ALTER TABLE campaign ADD COLUMN commit_id TEXT;
ALTER TABLE campaign ADD COLUMN uncommitted INTEGER;
ALTER TABLE campaign ADD COLUMN program TEXT;
ALTER TABLE campaign ADD COLUMN program_digest TEXT;
ALTER TABLE campaign ADD COLUMN simulator TEXT;
ALTER TABLE campaign ADD COLUMN cores INTEGER;
ALTER TABLE campaign ADD COLUMN wall REAL;
ALTER TABLE campaign ADD COLUMN cpu REAL;
ALTER TABLE campaign ADD COLUMN total INTEGER;
ALTER TABLE campaign ADD COLUMN complete INTEGER;
ALTER TABLE campaign ADD COLUMN known INTEGER;
ALTER TABLE campaign ADD COLUMN failed INTEGER;
ALTER TABLE campaign ADD COLUMN not_run INTEGER;
UPDATE campaign SET position=(SELECT COUNT(*) FROM campaign AS other WHERE other.id<=campaign.id);
)sql";

// What kind of processor made an attempt.
constexpr const char* kFrom2 = R"sql(
ALTER TABLE attempt ADD COLUMN cpu TEXT;
)sql";

// kUpgrades[N] leads from version N to N+1.
constexpr std::array kUpgrades{kFrom0, kFrom1, kFrom2};
constexpr int kVersion = static_cast<int>(kUpgrades.size());

}  // namespace simswarm::ledger
