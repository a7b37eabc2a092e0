// simswarm provenance: how the accepted results were made, as one JSON document. Written as it is read: no list of all
// runs is ever in memory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "cli/campaigns.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "view/runs.h"

namespace simswarm::cli {
namespace {

constexpr int kFormat = 1;

// Standard output, or a file that appears whole.
class Document {
 public:
  [[nodiscard]] static Result<Document> open(const std::string& path) {
    Document document;
    if (path.empty()) return document;
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return usage_error("-o {}: is a folder", path);
    document.path_ = path;
    document.temporary_ = path + ".XXXXXX";
    document.file_ = Fd(::mkostemp(document.temporary_.data(), O_CLOEXEC));
    if (!document.file_.valid()) return system_error(errno, path);
    ::fchmod(document.file_.get(), 0644);
    return document;
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  Document(Document&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        temporary_(std::exchange(other.temporary_, {})),
        file_(std::move(other.file_)),
        waiting_(std::move(other.waiting_)) {}
  Document& operator=(Document&&) = delete;
  ~Document() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  Status add(std::string_view text) {
    constexpr std::size_t kMostWaiting = 1U << 20U;
    waiting_ += text;
    if (waiting_.size() < kMostWaiting) return {};
    return write_out();
  }

  Status finish() {
    SIMSWARM_CHECK(write_out());
    if (path_.empty()) return {};
    if (::fsync(file_.get()) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0)
      return system_error(errno, path_);
    temporary_.clear();
    return {};
  }

 private:
  Document() = default;

  Status write_out() {
    std::string_view left = waiting_;
    if (path_.empty()) print(std::exchange(left, {}));
    while (!left.empty()) {
      const ssize_t put = ::write(file_.get(), left.data(), left.size());
      if (put < 0 && errno != EINTR) return system_error(errno, path_);
      if (put > 0) left.remove_prefix(static_cast<std::size_t>(put));
    }
    waiting_.clear();
    return {};
  }

  std::string path_;  // empty: standard output
  std::string temporary_;
  Fd file_;
  std::string waiting_;
};

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json run_json(const AcceptedRun& run) {
  const Attempt& attempt = run.attempt;
  nlohmann::json variables = nlohmann::json::object();
  for (const Variable& variable : run.planned.run.variables) variables[variable.name] = variable.value;
  nlohmann::json files = nlohmann::json::array();
  for (const ResultFile& file : run.files)
    files.push_back({{"path", file.path}, {"size", file.size}, {"sha256", file.digest.hex()}});
  return {{"run", short_name(run.planned.run)},
          {"name", long_name(run.planned.run)},
          {"config", run.planned.run.config},
          {"number", run.planned.run.number},
          {"variables", variables},
          {"repetition", run.planned.run.repetition},
          {"seed_set", run.planned.run.seed_set},
          {"key", run.planned.key.digest.hex()},
          {"campaign", attempt.campaign},
          {"attempt", attempt.number},
          {"outcome", to_text(attempt.verdict.outcome)},
          {"host", attempt.host},
          {"cpu", attempt.cpu.empty() ? nlohmann::json() : nlohmann::json(attempt.cpu)},
          {"command", attempt.command},
          {"exit_code", attempt.exit_code},
          {"started", to_text(attempt.started)},
          {"ended", to_text(attempt.ended)},
          {"accepted", to_text(run.accepted)},
          {"wall_seconds", attempt.usage.wall_seconds},
          {"user_seconds", attempt.usage.user_seconds},
          {"system_seconds", attempt.usage.system_seconds},
          {"peak_memory", attempt.usage.peak_memory},
          {"result_bytes", attempt.usage.result_bytes},
          {"events", attempt.usage.events},
          {"files", files}};
}

// The keys of the runs that were named; each of them has an accepted result.
Result<std::set<RunKey>> selected(Ledger& ledger, const std::string& campaign, const std::vector<std::string>& words) {
  std::set<RunKey> keys;
  for (const std::string& word : words) {
    SIMSWARM_TRY(const auto runs, view::select_runs(ledger, campaign, word));
    for (const view::RunStatus& run : runs) {
      if (!run.has_result) {
        return propagate({ExitCode::kSomeRunsIncomplete,
                          fmt::format("{} has no accepted result ({}): there is nothing to tell of how it was made",
                                      short_name(run.planned.run), to_text(run.outcome)),
                          false});
      }
      keys.insert(run.planned.key);
    }
  }
  return keys;
}

class Export {
 public:
  Export(const Opened& opened, Document& document) : opened_(opened), document_(document) {}

  Status write(const CampaignRecord& campaign, const std::set<RunKey>& keys) {
    SIMSWARM_TRY(const std::string of, describe(campaign));
    SIMSWARM_CHECK(document_.add(fmt::format(
        "{{\"format\":\"simswarm-provenance\",\"version\":{},\"written\":{},\"simswarm\":{},\n\"campaign\":{},\n"
        "\"runs\":[",
        kFormat, dump(to_text(system_clock().stamp())), dump(SIMSWARM_VERSION), of)));
    std::set<std::string> makers;
    bool first = true;
    SIMSWARM_CHECK(opened_.ledger->each_accepted(campaign.id, [&](const AcceptedRun& run) -> Status {
      if (!keys.empty() && !keys.contains(run.planned.key)) return {};
      makers.insert(run.attempt.campaign);
      return document_.add((std::exchange(first, false) ? "\n" : ",\n") + dump(run_json(run)));
    }));
    SIMSWARM_CHECK(document_.add("\n],\n\"made_by\":["));
    SIMSWARM_CHECK(write_makers(makers));
    return document_.add("\n]}\n");
  }

 private:
  Result<std::string> describe(const CampaignRecord& campaign) {
    const std::string state = state_of(campaign, opened_.state);
    SIMSWARM_TRY(const CampaignTotals totals, totals_of(*opened_.ledger, campaign, state));
    return campaign_json(campaign, state, totals);
  }

  // The campaigns that executed the runs: a result that was known was made by an earlier one.
  Status write_makers(const std::set<std::string>& makers) {
    SIMSWARM_TRY(const auto campaigns, opened_.ledger->campaigns());
    bool first = true;
    for (const CampaignRecord& campaign : campaigns) {
      if (!makers.contains(campaign.id)) continue;
      SIMSWARM_TRY(const std::string of, describe(campaign));
      SIMSWARM_CHECK(document_.add((std::exchange(first, false) ? "\n" : ",\n") + of));
    }
    return {};
  }

  const Opened& opened_;
  Document& document_;
};

}  // namespace

Result<ExitCode> provenance(const ProvenanceArguments& arguments) {
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  SIMSWARM_TRY(const CampaignRecord campaign, find_campaign(*opened.ledger, arguments.look.campaign));
  SIMSWARM_TRY(const auto keys, selected(*opened.ledger, campaign.id, arguments.runs));
  SIMSWARM_TRY(Document document, Document::open(arguments.output));
  SIMSWARM_CHECK(Export(opened, document).write(campaign, keys));
  SIMSWARM_CHECK(document.finish());
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
