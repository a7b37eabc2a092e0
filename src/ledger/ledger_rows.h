// Rows of the ledger's tables as values, and values as rows.
#pragma once

#include <memory>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace simswarm::ledger {

[[nodiscard]] std::int64_t micros(Stamp stamp);
[[nodiscard]] Stamp stamp_of(std::int64_t micros);
[[nodiscard]] Digest digest_from(const std::string& text);

// From the columns config, number, variables, repetition, seed_set, of which `first` is the first.
[[nodiscard]] Run read_run(const Statement& row, int first);

// From the columns of kAttemptColumns, the first of the row.
constexpr const char* kAttemptColumns =
    "a.key, a.number, a.campaign, a.outcome, a.message, a.simulated_time, a.event, a.module, a.wall, a.user, a.system, "
    "a.peak_memory, a.result_bytes, a.events, a.started, a.ended, a.exit_code, a.host, a.command, a.cpu";
constexpr int kAttemptColumnCount = 20;
[[nodiscard]] Attempt read_attempt(const Statement& row);

// From the columns path, size, digest, device, inode, mtime, ctime, the first of the row.
[[nodiscard]] ResultFile read_file_row(const Statement& row);

[[nodiscard]] Status insert_campaign(Database& database, const CampaignRecord& campaign);
[[nodiscard]] Status insert_inputs(Database& database, const std::string& campaign, const InputRecord& inputs);
[[nodiscard]] Status insert_runs(Database& database, const std::string& campaign,
                                 std::span<const std::size_t> positions, std::span<const PlannedRun> runs);
// `attempt.number` is set already.
[[nodiscard]] Status insert_attempt(Database& database, const Attempt& attempt, const AttemptLog& log);
[[nodiscard]] Status replace_files(Database& database, const RunKey& key, const std::vector<ResultFile>& files);

}  // namespace simswarm::ledger
