#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "base/text.h"
#include "source/checkout.h"
#include "source/git.h"

namespace simswarm::source {
namespace {

// What git says of objects that break no checkout: old repositories have some of it, and nobody here reads .gitmodules.
constexpr std::string_view kStrict =
    "--strict=zeroPaddedFilemode=ignore,gitmodulesUrl=ignore,gitmodulesName=ignore,gitmodulesPath=ignore,"
    "gitmodulesUpdate=ignore,gitmodulesParse=ignore,gitmodulesMissing=ignore,gitmodulesLarge=ignore";
constexpr std::uint64_t kLine = 32;  // bytes: more than a mode and a size have in the list below

// An id may have come from anywhere, and becomes a file name.
Status check_id(const TreeId& tree) {
  const std::size_t digits = tree.format() == "sha1" ? 40 : tree.format() == "sha256" ? 64 : 0;
  const std::string hex = tree.hex();
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digits == 0 || hex.size() != digits || !std::all_of(hex.begin(), hex.end(), is_hex))
    return usage_error("«{}» is no tree: sha1:… or sha256:… is one", tree.text);
  return {};
}

// A git command whose objects go to `incoming`, beside those that are here; bytes from `input`, at most `most` out.
Result<Answer> quarantined(const fs::path& git_dir, const fs::path& incoming, const fs::path& input, std::uint64_t most,
                           std::vector<std::string> words) {
  Subprocess process;
  process.argv = {"sh",
                  "-c",
                  R"(input=$1; most=$2; shift 2; { "$@" <"$input"; echo "$?" >"$0"; } | head -c "$most")",
                  (incoming / "code").string(),
                  input.string(),
                  std::to_string(most),
                  "git",
                  "-c",
                  "core.hooksPath=/dev/null",
                  "-c",
                  "safe.directory=*",
                  "-c",
                  "gc.auto=0",
                  "-c",
                  "pack.threads=1",
                  "--git-dir=" + git_dir.string()};
  process.argv.insert(process.argv.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  process.folder = git_dir;
  process.environment = {{"GIT_CONFIG_NOSYSTEM", "1"},
                         {"GIT_CONFIG_GLOBAL", "/dev/null"},
                         {"GIT_NO_REPLACE_OBJECTS", "1"},
                         {"GIT_OBJECT_DIRECTORY", (incoming / "objects").string()},
                         {"GIT_ALTERNATE_OBJECT_DIRECTORIES", (git_dir / "objects").string()},
                         {"LC_ALL", "C"}};
  process.without = {"GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_INDEX_FILE"};
  constexpr double kPatience = 3600;
  process.timeout = kPatience;
  SIMSWARM_TRY(Answer answer, run(process));
  SIMSWARM_TRY(const std::string code, read_file(incoming / "code"));
  answer.exit_code = static_cast<int>(parse_int(trim(code)).value_or(1));
  return answer;
}

// Git's words on a pack that it does not take, as ours.
Error refusal(const TreeId& tree, const Answer& answer) {
  const std::vector<std::string_view> said = lines(answer.errors);
  const std::string last(said.empty() ? "git says no more" : said.back());
  for (const std::string_view line : said) {
    if (line.starts_with("error: object "))
      return {ExitCode::kUsage, fmt::format("{} is refused: {}", tree.text, line.substr(line.find(' ') + 1))};
  }
  if (last.find("unresolved delta") != std::string::npos || last.find("did not receive") != std::string::npos)
    return {ExitCode::kUsage,
            fmt::format("the pack of {} builds upon objects that are not here ({}): send all of it", tree.text, last)};
  if (last.find("No space left") != std::string::npos || last.find("quota") != std::string::npos)
    return {ExitCode::kEnvironment, fmt::format("no room for the pack of {}: {}", tree.text, last), true};
  return {ExitCode::kUsage, fmt::format("the pack of {} is cut or damaged ({}): send it again", tree.text, last)};
}

class LimitedSink final : public Sink {
 public:
  LimitedSink(Sink& inner, std::uint64_t most) : inner_(inner), left_(most) {}
  [[nodiscard]] Status write(std::string_view bytes) override {
    if (bytes.size() > left_) return usage_error("too large");
    left_ -= bytes.size();
    return inner_.write(bytes);
  }

 private:
  Sink& inner_;
  std::uint64_t left_;
};

Status receive(Source& pack, const fs::path& file, const TreeId& tree, std::uint64_t most) {
  SIMSWARM_TRY(const auto sink, FileSink::create(file));
  LimitedSink limited(*sink, most);
  const auto poured = pour(pack, limited);
  if (!poured && poured.error().message == "too large")
    return usage_error("the pack of {} has more than {}", tree.text, human_bytes(most));
  if (!poured) return propagate(poured.error());
  return {};
}

// A pack in which nothing is: all was here already. git makes no index of it.
bool holds_nothing(const fs::path& pack) {
  constexpr std::size_t kHeader = 12;  // «PACK», version, number of objects, which is 0
  const auto source = FileSource::open(pack);
  std::array<char, kHeader> header{};
  if (!source || (*source)->read(header).value_or(0) < kHeader) return false;
  return std::string_view(header.data(), kHeader).starts_with("PACK") &&
         std::all_of(header.begin() + 8, header.end(), [](char c) { return c == 0; });
}

// The index last: with it the pack counts.
Status move_packs(const fs::path& from, const fs::path& to) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) files.push_back(entry.path());
  if (error) return system_error(error.value(), from.string());
  std::stable_partition(files.begin(), files.end(), [](const fs::path& file) { return file.extension() != ".idx"; });
  for (const fs::path& file : files) {
    if (::rename(file.c_str(), (to / file.filename()).c_str()) != 0) return system_error(errno, file.string());
  }
  return {};
}

std::size_t packs_in(const fs::path& folder) {
  std::error_code ignored;
  return static_cast<std::size_t>(
      std::count_if(fs::directory_iterator(folder, ignored), fs::directory_iterator(),
                    [](const fs::directory_entry& entry) { return entry.path().extension() == ".pack"; }));
}

void touch(const fs::path& file) {
  ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0);
}

}  // namespace

Result<Trees> Trees::open(const fs::path& folder, const TreeLimits& limits) {
  SIMSWARM_CHECK(make_folders(folder / "incoming"));
  Trees trees(folder, limits);
  SIMSWARM_TRY(const Fd lock, trees.lock(LOCK_EX | LOCK_NB));
  if (lock.valid()) {  // nobody takes anything in: these were left by somebody who was killed
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder / "incoming", ignored))
      SIMSWARM_CHECK(remove_tree(entry.path()));
  }
  return trees;
}

// A reference: what git keeps when it packs anew.
fs::path Trees::mark(const TreeId& tree) const {
  return git_dir(tree.format()) / "refs" / "trees" / tree.hex();
}

// Shared by who reads and adds, exclusive for who removes. Not valid where LOCK_NB is given and others have it.
Result<Fd> Trees::lock(int how) const {
  Fd file(::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error(errno, (folder_ / "lock").string());
  while (::flock(file.get(), how) != 0) {
    if (errno == EWOULDBLOCK) return Fd();
    if (errno != EINTR) return system_error(errno, (folder_ / "lock").string());
  }
  return file;
}

Result<bool> Trees::has(const TreeId& tree) const {
  SIMSWARM_CHECK(check_id(tree));
  struct stat info {};
  if (::stat(mark(tree).c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    return system_error(errno, mark(tree).string());
  }
  touch(mark(tree));
  return true;
}

Status Trees::prepare(const std::string& format) const {
  const fs::path ready = git_dir(format) / "refs" / "trees";
  std::error_code ignored;
  if (fs::exists(ready, ignored)) return {};
  const Fd setup(::open((folder_ / "setup").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!setup.valid()) return system_error(errno, (folder_ / "setup").string());
  while (::flock(setup.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  if (fs::exists(ready, ignored)) return {};
  SIMSWARM_CHECK(make_git_folder(git_dir(format), format, {}));
  SIMSWARM_CHECK(make_folders(git_dir(format) / "objects" / "pack"));
  return make_folders(ready);
}

Status Trees::import(Source& pack, const TreeId& tree) const {
  SIMSWARM_TRY(const bool here, has(tree));
  if (here) return {};
  {
    SIMSWARM_TRY(const Fd shared, lock(LOCK_SH));
    SIMSWARM_CHECK(prepare(tree.format()));
    std::string pattern = (folder_ / "incoming" / "XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return system_error(errno, pattern);
    const fs::path incoming = pattern;
    Status taken = make_folders(incoming / "objects" / "pack");
    if (taken) taken = receive(pack, incoming / "pack", tree, limits_.pack_bytes);
    if (taken) taken = take_in(incoming, tree);
    [[maybe_unused]] const Status swept = remove_tree(incoming);  // what is left, the next open() removes
    if (!taken) return taken;
  }
  return tidy(tree.format());
}

// Every pack is taken in only when all that its objects name is in it or here already: so a tree that is here is whole.
Status Trees::take_in(const fs::path& incoming, const TreeId& tree) const {
  const fs::path git = git_dir(tree.format());
  constexpr std::uint64_t kWords = 1U << 20U;
  if (!holds_nothing(incoming / "pack")) {
    SIMSWARM_TRY(const Answer indexed, quarantined(git, incoming, incoming / "pack", kWords,
                                                   {"index-pack", "--stdin", "--fix-thin", std::string(kStrict)}));
    if (indexed.exit_code != 0) return propagate(refusal(tree, indexed));
  }
  SIMSWARM_CHECK(check_size(incoming, tree));
  SIMSWARM_CHECK(move_packs(incoming / "objects" / "pack", git / "objects" / "pack"));
  SIMSWARM_CHECK(write_file(incoming / "mark", tree.hex() + "\n"));
  if (::rename((incoming / "mark").c_str(), mark(tree).c_str()) != 0) return system_error(errno, mark(tree).string());
  return {};
}

// A pack of a few kilobytes can hold a tree of any size: of trees that hold one another, of a file of zeros.
Status Trees::check_size(const fs::path& incoming, const TreeId& tree) const {
  const std::uint64_t most = limits_.tree_files * kLine;
  SIMSWARM_TRY(const Answer kind,
               quarantined(git_dir(tree.format()), incoming, "/dev/null", kLine, {"cat-file", "-t", tree.hex()}));
  if (kind.output != "tree\n") return usage_error("the pack of {} holds no such tree: send all of it", tree.text);
  SIMSWARM_TRY(const Answer list,
               quarantined(git_dir(tree.format()), incoming, "/dev/null", most,
                           {"ls-tree", "-r", "-z", "--format=%(objectmode) %(objectsize)", tree.hex()}));
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
  for (const std::string_view line : split(list.output, '\0')) {
    if (line.empty()) continue;
    ++files;
    bytes += static_cast<std::uint64_t>(parse_int(trim(line.substr(line.find(' ') + 1))).value_or(0));
    const std::string_view mode = line.substr(0, 3);
    if (mode != "100" && mode != "120" && mode != "160")
      return usage_error("{} is refused: «{}» is no mode of a file", tree.text, line.substr(0, line.find(' ')));
  }
  if (files > limits_.tree_files)
    return usage_error("{} is refused: it has more than {} files", tree.text, limits_.tree_files);
  if (bytes > limits_.tree_bytes)
    return usage_error("{} is refused: its files have {}, which is more than {}", tree.text, human_bytes(bytes),
                       human_bytes(limits_.tree_bytes));
  if (list.exit_code != 0) return propagate(refusal(tree, list));
  return {};
}

// While others are at work it is left to who comes later.
Status Trees::tidy(const std::string& format) const {
  const fs::path git_folder = git_dir(format);
  if (packs_in(git_folder / "objects" / "pack") <= limits_.packs) return {};
  SIMSWARM_TRY(const Fd exclusive, lock(LOCK_EX | LOCK_NB));
  if (!exclusive.valid()) return {};
  const auto now = static_cast<double>(::time(nullptr));
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(git_folder / "refs" / "trees", ignored)) {
    struct stat info {};
    if (::stat(entry.path().c_str(), &info) == 0 && now - static_cast<double>(info.st_mtime) > limits_.kept)
      fs::remove(entry.path(), ignored);
  }
  // The tree that has just come is here, whatever becomes of this.
  SIMSWARM_TRY([[maybe_unused]] const Answer packed,
               try_git({git_folder}, {"-c", "pack.threads=1", "repack", "-a", "-d", "-q"}));
  return {};
}

Error Trees::set_aside(const TreeId& tree, const std::string& why) const {
  const fs::path aside = folder_ / ("damaged-" + tree.format());
  const auto exclusive = lock(LOCK_EX);
  std::error_code ignored;
  // Another may have been faster, and a new store be here.
  if (exclusive && fs::exists(mark(tree), ignored)) {
    [[maybe_unused]] const Status removed = remove_tree(aside);
    fs::rename(git_dir(tree.format()), aside, ignored);
  }
  return {ExitCode::kEnvironment,
          fmt::format("{} cannot be read from {}, which is damaged ({}) and was put aside as {}: send it again",
                      tree.text, git_dir(tree.format()).string(), why, aside.string()),
          true};
}

}  // namespace simswarm::source
