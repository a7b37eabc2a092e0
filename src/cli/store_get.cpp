// simswarm store get: files of results, and blobs, out of the store into a folder.
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "campaign/collector.h"
#include "cli/screen.h"
#include "cli/store_items.h"
#include "exec/place.h"
#include "store/upkeep.h"

namespace simswarm::cli {
namespace {

constexpr std::size_t kAhead = 64;             // results that lie in the staging folder at once
constexpr int kLook = 500;                     // milliseconds between looks at what hinders
constexpr std::chrono::seconds kPatience{10};  // with a store that is away, or a disk that is full

// A folder beside the files that are brought, so that each comes into its place by rename.
class Staging {
 public:
  [[nodiscard]] static Result<Staging> make(const fs::path& into) {
    SIMSWARM_CHECK(make_folders(into));
    fs::path folder = into / (".simswarm-get-" + make_ulid(system_clock().stamp()));
    if (::mkdir(folder.c_str(), 0700) != 0) return system_error(errno, folder.string());
    return Staging(std::move(folder));
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  Staging(Staging&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  Staging& operator=(Staging&&) = delete;
  ~Staging() {
    if (!folder_.empty()) (void)remove_tree(folder_);
  }
  // Empty.
  [[nodiscard]] Result<fs::path> fresh() const {
    const fs::path folder = folder_ / "files";
    SIMSWARM_CHECK(remove_tree(folder));
    SIMSWARM_CHECK(make_folders(folder));
    return folder;
  }

 private:
  explicit Staging(fs::path folder) : folder_(std::move(folder)) {}
  fs::path folder_;
};

class Getter {
 public:
  Getter(store::Store& store, const UpkeepArguments& arguments, fs::path into, Staging staging)
      : store_(store), arguments_(arguments), into_(std::move(into)), staging_(std::move(staging)) {}

  Status get(const StoreItem& item) {
    if (item.kind == StoreItem::Kind::kBlob) return get_blob(item.id);
    SIMSWARM_TRY(const std::vector<RunKey> keys, keys_of(item));
    SIMSWARM_TRY(const fs::path folder, staging_.fresh());
    campaign::CollectorOptions options{folder, arguments_.patterns};
    options.distrusts = false;  // who reads changes nothing; verify --repair does
    options.working_folder = into_;
    campaign::Collector collector(store_, options);
    std::size_t asked = 0;
    std::size_t answered = 0;
    Monotonic moved = system_clock().monotonic();
    while (answered < keys.size()) {
      for (; asked < keys.size() && asked < answered + kAhead; ++asked) collector.want(asked, keys[asked]);
      pollfd ready{collector.descriptor(), POLLIN, 0};
      (void)::poll(&ready, 1, kLook);
      for (const campaign::Collected& collected : collector.take()) {
        SIMSWARM_CHECK(put(collected));
        ++answered;
        moved = system_clock().monotonic();
      }
      const std::string obstacle = collector.obstacle();
      if (!obstacle.empty() && system_clock().monotonic() - moved > kPatience) return environment_error("{}", obstacle);
    }
    return {};
  }

  [[nodiscard]] Result<ExitCode> finish() const {
    if (arguments_.json) {
      const nlohmann::json all{{"into", into_.string()},  {"runs", runs_},      {"missing", missing_},
                               {"files", files_},         {"bytes", bytes_},    {"unchanged", unchanged_},
                               {"differing", differing_}, {"damaged", damaged_}};
      print(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    } else {
      print(fmt::format("{} file{} ({}) of {} run{} in {}{}{}\n", files_, files_ == 1 ? "" : "s", human_bytes(bytes_),
                        runs_, runs_ == 1 ? "" : "s", into_.string(),
                        unchanged_ == 0 ? "" : fmt::format("; {} there already", unchanged_),
                        missing_ == 0 ? "" : fmt::format("; {} without a result yet", missing_)));
    }
    if (!damaged_.empty()) {
      return environment_error(
          "{} result{} damaged in the store (simswarm store verify --repair lets them run again): {}", damaged_.size(),
          damaged_.size() == 1 ? " is" : "s are", damaged_.front());
    }
    if (differing_.empty()) return ExitCode::kOk;
    return usage_error("{} file{} there with other content: {}{}; --replace overwrites", differing_.size(),
                       differing_.size() == 1 ? " is" : "s are", differing_.front(),
                       differing_.size() == 1 ? "" : " is the first");
  }

 private:
  Result<std::vector<RunKey>> keys_of(const StoreItem& item) {
    std::vector<RunKey> keys;
    if (item.kind == StoreItem::Kind::kRun) {
      SIMSWARM_TRY(const Digest digest, Digest::parse(item.id));
      return std::vector<RunKey>{{digest}};
    }
    SIMSWARM_TRY(const auto campaign, store_.campaign(item.id));
    if (campaign) return keys_in_plan(store_, *campaign);
    SIMSWARM_CHECK(  // removed: what it brought is still there for others
        store_.back_end().each(store::kResults, {"campaign", item.id}, [&](const store::Document& one) -> Status {
          SIMSWARM_TRY(const Digest digest, Digest::parse(one.id));
          keys.push_back({digest});
          return {};
        }));
    return keys;
  }

  Status put(const campaign::Collected& collected) {
    using State = campaign::Collected::State;
    if (collected.state == State::kDamaged)
      damaged_.push_back(fmt::format("{}: {}", collected.record.made_by.run, collected.trouble));
    missing_ += collected.state == State::kNone ? 1 : 0;
    if (collected.state != State::kWhole) return {};
    for (const auto& [path, staged] : collected.files) {
      const auto file = std::find_if(collected.record.files.begin(), collected.record.files.end(),
                                     [&path = path](const ResultFile& one) { return one.path == path; });
      if (file == collected.record.files.end()) continue;
      SIMSWARM_CHECK(place(staged, store::path_in_archive(path), *file));
    }
    ++runs_;
    return {};
  }

  Status get_blob(const std::string& hex) {
    SIMSWARM_TRY(const Digest digest, Digest::parse(hex));
    SIMSWARM_TRY(const fs::path folder, staging_.fresh());
    SIMSWARM_TRY(const auto sink, FileSink::create(folder / hex));
    SIMSWARM_TRY(const store::Fetched fetched, store_.fetch(digest, *sink));
    if (fetched.state != store::Fetched::State::kWhole) return environment_error("{}", fetched.trouble);
    SIMSWARM_TRY(const ResultFile file, exec::describe(hex, folder / hex));
    return place(folder / hex, hex, file);
  }

  Status place(const fs::path& staged, const std::string& inside, const ResultFile& file) {
    const fs::path target = into_ / inside;
    std::error_code gone;
    if (const auto outside = exec::folder_outside({fs::weakly_canonical(into_, gone)}, target))
      return usage_error("{} would lie in {}, outside of {}: it is not written", inside, outside->string(),
                         into_.string());
    SIMSWARM_CHECK(make_folders(target.parent_path()));
    if (exec::is_there(target)) {
      SIMSWARM_CHECK(exec::check_target(target));
      const auto there = exec::describe(inside, target);
      if (there && there->digest == file.digest && there->size == file.size) {
        ++unchanged_;
        return {};
      }
      if (!arguments_.replace) {
        differing_.push_back(inside);
        return {};
      }
    }
    std::error_code error;
    if (!fs::is_symlink(staged, error)) SIMSWARM_CHECK(exec::sync_path(staged));
    SIMSWARM_CHECK(exec::move_file(staged, target));
    ++files_;
    bytes_ += file.size;
    return {};
  }

  store::Store& store_;
  const UpkeepArguments& arguments_;
  fs::path into_;
  Staging staging_;
  std::size_t runs_ = 0;
  std::size_t files_ = 0;
  std::size_t unchanged_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t missing_ = 0;
  std::vector<std::string> differing_;
  std::vector<std::string> damaged_;
};

}  // namespace

Result<ExitCode> get_from(store::Store& store, const UpkeepArguments& arguments) {
  if (arguments.words.empty()) return usage_error("store get: which? Campaigns, keys of runs, or digests");
  std::vector<StoreItem> items;
  for (const std::string& word : arguments.words) {
    SIMSWARM_TRY(StoreItem item, find_item(store, word));
    items.push_back(std::move(item));
  }
  std::error_code gone;
  const fs::path into = absolute_from(fs::current_path(gone), arguments.into.empty() ? "." : arguments.into);
  SIMSWARM_TRY(Staging staging, Staging::make(into));
  Getter getter(store, arguments, into, std::move(staging));
  for (const StoreItem& item : items) SIMSWARM_CHECK(getter.get(item));
  return getter.finish();
}

}  // namespace simswarm::cli
