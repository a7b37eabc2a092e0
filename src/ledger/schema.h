// The tables of the ledger. A change raises kVersion and adds a step to kUpgrades; doc/formats.md describes them.
#pragma once

namespace simswarm::ledger {

constexpr int kVersion = 1;

constexpr const char* kTables = R"sql(
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
CREATE TABLE memo(name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
CREATE TABLE claim(key TEXT PRIMARY KEY, owner TEXT) WITHOUT ROWID;
)sql";

}  // namespace simswarm::ledger
