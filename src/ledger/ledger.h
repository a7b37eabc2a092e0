// What a client knows, on disk: campaigns, runs, attempts, results, intents. One SQLite file in WAL mode in
// `.simswarm/`; its tables are described in doc/formats.md. Every method is one transaction; a Ledger is used by one
// thread at a time, several processes (each with a Ledger of its own) at once are safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/time.h"
#include "model/attempt.h"
#include "model/run.h"

namespace simswarm {

// What a campaign was made with; empty or nothing where it is not known.
struct Provenance {
  std::string project;              // the folder that runs see, absolute
  std::string commit;               // of the project in git; empty: no repository, or one without commits
  std::optional<bool> uncommitted;  // whether the project had changes that this commit does not hold
  std::string program;              // absolute
  std::string program_digest;       // SHA-256
  std::string simulator;            // «OMNeT++ 6.0.3», as the program says it
  int cores = 0;                    // of the machine; 0: not known
};

// What a campaign came to.
struct CampaignTotals {
  std::size_t total = 0, complete = 0, known = 0, failed = 0, not_run = 0;  // runs; the known are complete, too
  double wall_seconds = 0;
  double cpu_seconds = 0;  // of its attempts
};

struct CampaignEnd {
  std::string state;
  Stamp ended{};
  CampaignTotals totals;
};

struct CampaignRecord {
  std::string id;  // ULID
  std::string name;
  std::string dialect;
  std::string folder;  // working folder, absolute
  std::vector<std::string> command;
  Stamp started{};
  std::optional<Stamp> ended;
  std::string state;  // «running», «completed», «incomplete», «cancelled»; «running» without a living process: cut off
  std::string host;
  std::string version;  // of simswarm
  Provenance provenance{};
  std::optional<CampaignTotals> totals{};  // nothing for one that did not come to its end
  std::size_t planned = 0;                 // runs, whether they are written down already or not; 0: not known
};

// A run as a campaign planned it.
struct PlannedRun {
  Run run;
  RunKey key;
};

// What `explain` compares: the digests of the files that went into the keys, and the parts they are made of.
struct InputRecord {
  std::map<std::string, std::string> files;           // path as the user would write it: digest
  std::map<std::string, std::vector<KeyPart>> parts;  // configuration: parts that its runs share
};

// A result that has been accepted.
struct ResultRecord {
  RunKey key;
  int attempt = 0;
  std::string campaign;
  Verdict verdict;
  Usage usage;
  std::vector<ResultFile> files;
};

// An accepted result with all that is known of how it was made.
struct AcceptedRun {
  PlannedRun planned;
  Attempt attempt;
  Stamp accepted{};
  std::vector<ResultFile> files;
};

// So much of something that could be freed.
struct Amount {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
};

// A verified result that is on its way from scratch into place. What is noted here is rolled forward after a crash.
struct Intent {
  Attempt attempt;
  std::string folder;  // the campaign's working folder, absolute: what the paths are relative to
  std::vector<ResultFile> files;
  std::vector<std::string> staged;  // where each file lies now, absolute
  std::string kept;                 // folder for older files that stand in the way; empty: they are replaced
};

// What a run used when it was accepted.
struct Learned {
  Run run;
  double wall_seconds = 0;
  std::uint64_t peak_memory = 0;  // bytes
};

struct AttemptLog {
  std::string output;  // of each the last 64 KiB at most
  std::string errors;
  std::string own;  // of the program's own output file (Cmdenv's .out)
};

class Ledger {
 public:
  virtual ~Ledger() = default;

  // Opens or creates `state/ledger.sqlite`; one of an older version is upgraded. Refuses a network file system (WAL
  // needs shared memory), a ledger of a newer version, one that is damaged, and one that another process keeps locked
  // for longer than a minute (or SIMSWARM_LEDGER_WAIT), each with a word on what to do.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(const fs::path& state);

  // Campaigns, newest first: in the order in which they began, whatever the clock said.
  [[nodiscard]] virtual Status begin_campaign(const CampaignRecord& campaign, const InputRecord& inputs,
                                              std::span<const PlannedRun> runs) = 0;
  // Further runs of the campaign, with their positions.
  [[nodiscard]] virtual Status add_runs(const std::string& campaign, std::span<const std::size_t> positions,
                                        std::span<const PlannedRun> runs) = 0;
  [[nodiscard]] virtual Status end_campaign(const std::string& id, const CampaignEnd& end) = 0;
  [[nodiscard]] virtual Result<std::vector<CampaignRecord>> campaigns() = 0;
  [[nodiscard]] virtual Result<std::vector<PlannedRun>> runs_of(const std::string& campaign) = 0;
  // Counted from its runs and attempts, for a campaign without totals.
  [[nodiscard]] virtual Result<CampaignTotals> count_runs(const CampaignRecord& campaign) = 0;
  // The accepted results of the runs that the campaign planned, one at a time, in the order of the plan. An error of
  // `take` ends it.
  [[nodiscard]] virtual Status each_accepted(const std::string& campaign,
                                             const std::function<Status(const AcceptedRun&)>& take) = 0;
  [[nodiscard]] virtual Result<InputRecord> inputs_of(const std::string& campaign) = 0;

  // One view of the ledger for many questions, which is also much faster; nothing is written meanwhile.
  [[nodiscard]] virtual Status begin_reading() = 0;
  [[nodiscard]] virtual Status end_reading() = 0;
  // Changes when another connection has written.
  [[nodiscard]] virtual Result<std::int64_t> data_version() = 0;

  // Whether nothing has ever been executed: then there is nothing to ask for.
  [[nodiscard]] virtual Result<bool> is_new() = 0;
  // Accepted results and failed attempts.
  [[nodiscard]] virtual Result<std::optional<ResultRecord>> result_of(const RunKey& key) = 0;
  // Of accepted results, the newest first, and with `errors` of runs whose last attempt ended in an error that would
  // come again; at most so many.
  [[nodiscard]] virtual Result<std::vector<RunKey>> known_keys(bool errors, std::size_t most) = 0;
  [[nodiscard]] virtual Result<std::vector<Attempt>> attempts_of(const RunKey& key) = 0;
  [[nodiscard]] virtual Result<std::optional<AttemptLog>> log_of(const RunKey& key, int attempt) = 0;
  // Results that are no longer what was accepted: forgotten, so that their runs run again.
  [[nodiscard]] virtual Status forget_results(std::span<const RunKey> keys) = 0;
  [[nodiscard]] virtual Status update_files(const RunKey& key, const std::vector<ResultFile>& files) = 0;
  // The files that accepted results have at this path, with their keys.
  [[nodiscard]] virtual Result<std::vector<std::pair<RunKey, ResultFile>>> files_at(const std::string& path) = 0;
  // How many of its runs are written down.
  [[nodiscard]] virtual Result<std::size_t> noted_runs(const std::string& campaign) = 0;
  // Every path that any result or earlier result has written: these are no input of the project.
  [[nodiscard]] virtual Result<std::vector<std::string>> written_paths() = 0;

  // Attempts: `record_attempts` for those without a result; intents for those with one. The number of the attempt is
  // given by the ledger and comes back in the argument.
  [[nodiscard]] virtual Status record_attempts(std::vector<Attempt>& attempts, const std::vector<AttemptLog>& logs) = 0;
  // Durable when it returns; so is `done`.
  [[nodiscard]] virtual Status intend(std::vector<Intent>& intents, const std::vector<AttemptLog>& logs) = 0;
  [[nodiscard]] virtual Status done(const std::vector<Intent>& intents) = 0;
  // The intent comes to nothing: its attempt keeps this verdict instead.
  [[nodiscard]] virtual Status give_up(const Attempt& attempt, const Verdict& verdict) = 0;
  [[nodiscard]] virtual Result<std::vector<Intent>> intents() = 0;

  // What accepted runs of this configuration used, newest first, at most 10,000: for time left, order and memory.
  [[nodiscard]] virtual Result<std::vector<Learned>> learned(const std::string& config) = 0;

  // Short texts by name, for what is learned of programs; an older one is replaced.
  [[nodiscard]] virtual Status remember(const std::string& name, const std::string& text) = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> recall(const std::string& name) = 0;

  // The digest that a file with this identity had.
  [[nodiscard]] virtual Result<std::optional<Digest>> known_digest(const FileIdentity& file) = 0;
  [[nodiscard]] virtual Status remember_digests(const std::vector<std::pair<FileIdentity, Digest>>& digests) = 0;

  // One process of this machine at a time executes a key. Takes those that no living owner has, in one step; gives the
  // owners of the others, by the index of the key. An owner is a name that `is_alive` can tell about.
  [[nodiscard]] virtual Result<std::map<std::size_t, std::string>> claim(
      std::span<const RunKey> keys, const std::string& owner,
      const std::function<bool(const std::string&)>& is_alive) = 0;
  [[nodiscard]] virtual Status release(const std::string& owner) = 0;
  [[nodiscard]] virtual Status release(std::span<const RunKey> keys) = 0;

  // Cleaning. No accepted result, no result on its way, and no known error of a campaign that stays is forgotten.
  [[nodiscard]] virtual Result<Amount> logs_of(const std::vector<std::string>& campaigns) = 0;
  [[nodiscard]] virtual Status drop_logs(const std::vector<std::string>& campaigns) = 0;
  // Those of them that made none of the accepted results that are in place, and none that is on its way.
  [[nodiscard]] virtual Result<std::vector<std::string>> forgettable(const std::vector<std::string>& campaigns) = 0;
  [[nodiscard]] virtual Result<Amount> records_of(const std::vector<std::string>& campaigns) = 0;
  // Forgets those that can be.
  [[nodiscard]] virtual Status forget_campaigns(const std::vector<std::string>& campaigns) = 0;
  // Bytes of the file that hold nothing; `compact` gives them back, and needs the ledger for itself.
  [[nodiscard]] virtual Result<std::uint64_t> unused_bytes() = 0;
  [[nodiscard]] virtual Status compact() = 0;
};

}  // namespace simswarm
