#include "build/farm.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "build/farm_counts.h"
#include "build/host_watch.h"

namespace simswarm::build {
namespace {

constexpr std::size_t kMostRemoteJobs = 10;  // for each core of ours, which preprocesses for them

std::string path_variable() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
}

std::optional<fs::path> program_named(std::string_view name) {
  const std::string path = path_variable();
  for (const std::string_view folder : split(path, ':')) {
    fs::path program = fs::path(folder) / name;
    std::error_code ignored;
    if (folder.starts_with('/') && ::access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program, ignored))
      return program;
  }
  return std::nullopt;
}

// «g++», «g++-12», «x86_64-linux-gnu-gcc-12», «clang++-14».
bool is_compiler(std::string_view name) {
  const auto dash = name.rfind('-');
  if (dash != std::string_view::npos && parse_int(name.substr(dash + 1))) name = name.substr(0, dash);
  if (const auto target = name.find("-linux-gnu-"); target != std::string_view::npos) name = name.substr(target + 11);
  static constexpr std::array<std::string_view, 8> kNames{"g++", "gcc", "c++", "cc", "clang", "clang++", "c89", "c99"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

Status own(const fs::path& path, const FarmOptions& options) {
  if (options.user && ::lchown(path.c_str(), options.user->first, options.user->second) != 0)
    return system_error(errno, path.string());
  return {};
}

// Readers see the old or the new one. Not synced: it is of no use after a crash.
Status replace(const fs::path& file, const std::string& text) {
  const fs::path fresh = file.string() + ".new";
  SIMSWARM_CHECK(write_file(fresh, text));
  if (::rename(fresh.c_str(), file.c_str()) != 0) return system_error(errno, file.string());
  return {};
}

class LocalFarm final : public Farm {
 public:
  LocalFarm(FarmOptions options, fs::path ccache) : options_(std::move(options)), ccache_(std::move(ccache)) {}

  Status prepare() {
    std::error_code error;
    fs::remove_all(options_.folder, error);
    for (const char* name : {"bin", "distcc/lock", "distcc/state", "log"})
      SIMSWARM_CHECK(make_folders(options_.folder / name));
    SIMSWARM_CHECK(make_folders(options_.cache));
    for (const fs::path& path : {options_.cache, options_.folder / "distcc/lock", options_.folder / "distcc/state"})
      SIMSWARM_CHECK(own(path, options_));
    for (const fs::path& log : {statistics(), distcc_log()}) {
      SIMSWARM_CHECK(write_file(log, ""));
      SIMSWARM_CHECK(own(log, options_));
    }
    SIMSWARM_CHECK(write_file(options_.folder / "ccache.conf", ""));  // neither the user's nor the system's
    return link_compilers();
  }

  Status use_hosts(std::vector<HostName> names) {
    if (names.empty()) return {};
    distcc_ = program_named("distcc").value_or(fs::path());
    if (distcc_.empty())
      return environment_error("distcc is not installed, and {} of its hosts are named", names.size());
    SIMSWARM_CHECK(write_prefix());
    SIMSWARM_CHECK(write_hosts({}));
    const fs::path compiler = program_named("g++").value_or(program_named("clang++").value_or("/usr/bin/g++"));
    watch_ = std::make_unique<HostWatch>(std::move(names), compiler.string(), [this](const auto& usable) {
      (void)write_hosts(usable);  // the old ones serve, and what does not answer there is left alone by distcc
    });
    watch_->wait_for_first_round();
    return {};
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const override {
    std::vector<std::pair<std::string, std::string>> variables{
        {"PATH", (options_.folder / "bin").string() + ":" + path_variable()},
        {"CCACHE_CONFIGPATH", (options_.folder / "ccache.conf").string()},
        {"CCACHE_DIR", options_.cache.string()},
        {"CCACHE_MAXSIZE", fmt::format("{}Ki", std::max<std::uint64_t>(options_.cache_limit / 1024, 1))},
        {"CCACHE_BASEDIR", options_.tree.string()},
        {"CCACHE_NOHASHDIR", "1"},
        {"CCACHE_DEPEND", "1"},  // no preprocessor beside the compiler where it notes what it reads (-MD)
        {"CCACHE_SLOPPINESS", "pch_defines,time_macros,include_file_mtime,include_file_ctime"},
        {"CCACHE_STATSLOG", statistics().string()}};
    if (!options_.cache_namespace.empty()) variables.emplace_back("CCACHE_NAMESPACE", options_.cache_namespace);
    if (distcc_.empty()) return variables;
    variables.insert(variables.end(),
                     {{"CCACHE_PREFIX", prefix().filename().string()},  // found by PATH: paths may have spaces

                      {"DISTCC_DIR", (options_.folder / "distcc").string()},
                      {"DISTCC_LOG", distcc_log().string()},
                      {"DISTCC_FALLBACK", "1"},
                      {"DISTCC_IO_TIMEOUT", std::to_string(options_.host_patience)},
                      {"DISTCC_BACKOFF_PERIOD", "5"},      // we look at them, too
                      {"DISTCC_PAUSE_TIME_MSEC", "50"}});  // when all slots are taken; usual: 1000
    return variables;
  }

  [[nodiscard]] std::vector<fs::path> folders() const override { return {options_.folder, options_.cache}; }

  [[nodiscard]] std::size_t jobs() const override {
    const std::size_t cores = std::max<std::size_t>(options_.cores, 1);
    return cores + (watch_ ? std::min(watch_->most_jobs(), cores * kMostRemoteJobs) : 0);
  }

  [[nodiscard]] FarmCounts counts() override {
    statistics_.read([this](std::string_view line) { count_statistic(line, counts_); });
    compilations_.read([this](std::string_view line) { count_compilation(line, counts_); });
    return counts_;
  }

  [[nodiscard]] std::vector<std::string> hosts() const override {
    std::vector<std::string> names;
    if (!watch_) return names;
    for (const UsableHost& host : watch_->usable()) names.push_back(host.address);
    return names;
  }

 private:
  [[nodiscard]] fs::path statistics() const { return options_.folder / "log/ccache"; }
  // For -MD without -MF distcc has the headers noted by the name of the source, in the working folder: ccache misses
  // them and compiles once more, and make would never see a header change. So the names are said that gcc(1) gives.
  [[nodiscard]] Status write_prefix() const {
    constexpr std::string_view kScript = R"(#!/bin/sh
deps= file= target= out= before=
for word; do
  [ "$before" != -o ] || out=$word
  case $word in
    -MD | -MMD) deps=1 ;;
    -MF*) file=1 ;;
    -MT* | -MQ*) target=1 ;;
    -o?*) out=${word#-o} ;;
  esac
  before=$word
done
if [ -n "$deps" ] && [ -n "$out" ]; then
  [ -n "$file" ] || set -- "$@" -MF "${out%.*}.d"
  [ -n "$target" ] || set -- "$@" -MQ "$out"
fi
exec )";
    SIMSWARM_CHECK(write_file(prefix(), fmt::format("{}{} \"$@\"\n", kScript, shell_quoted(distcc_.string()))));
    constexpr mode_t kMode = 0755;
    return ::chmod(prefix().c_str(), kMode) == 0 ? Status() : Status(system_error(errno, prefix().string()));
  }
  [[nodiscard]] fs::path prefix() const { return options_.folder / "bin/distcc-compile"; }
  [[nodiscard]] fs::path distcc_log() const { return options_.folder / "log/distcc"; }

  [[nodiscard]] Status link_compilers() const {
    const std::string path = path_variable();
    std::error_code ignored;
    for (const std::string_view folder : split(path, ':')) {
      for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (!is_compiler(entry.path().filename().native()) || !entry.is_regular_file(ignored)) continue;
        const fs::path link = options_.folder / "bin" / entry.path().filename();
        if (::symlink(ccache_.c_str(), link.c_str()) != 0 && errno != EEXIST) return system_error(errno, link.string());
      }
    }
    return {};
  }

  // distcc fills the first slot of all hosts in their order, then the second: the order moves on from round to round,
  // since others use the same hosts. We come last, and preprocess.
  Status write_hosts(std::vector<UsableHost> usable) {
    const std::size_t cores = std::max<std::size_t>(options_.cores, 1);
    std::string text = fmt::format("--localslots={} --localslots_cpp={}\n", cores, 2 * cores);
    if (!usable.empty()) {
      const std::size_t first = round_++ % usable.size();
      std::rotate(usable.begin(), usable.begin() + static_cast<std::ptrdiff_t>(first), usable.end());
    }
    for (const UsableHost& host : usable) text += fmt::format("{}/{}\n", host.address, host.limit);
    return replace(options_.folder / "distcc/hosts", text + fmt::format("localhost/{}\n", cores));
  }

  FarmOptions options_;
  fs::path ccache_;
  fs::path distcc_;  // empty: no hosts
  FarmCounts counts_;
  GrowingFile statistics_{statistics()};
  GrowingFile compilations_{distcc_log()};
  std::size_t round_ = 0;
  std::unique_ptr<HostWatch> watch_;  // last: its thread calls us
};

}  // namespace

Result<std::unique_ptr<Farm>> Farm::open(FarmOptions options) {
  std::vector<HostName> names;
  for (const std::string& text : options.hosts) {
    SIMSWARM_TRY(HostName name, parse_host(text));
    names.push_back(std::move(name));
  }
  const auto ccache = program_named("ccache");
  if (!ccache) return environment_error("ccache is not installed: builds need it");
  auto farm = std::make_unique<LocalFarm>(std::move(options), *ccache);
  SIMSWARM_CHECK(farm->prepare());
  SIMSWARM_CHECK(farm->use_hosts(std::move(names)));
  return farm;
}

}  // namespace simswarm::build
