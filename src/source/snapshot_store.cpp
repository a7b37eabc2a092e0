#include "source/snapshot_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>

#include "base/digest.h"
#include "base/text.h"

namespace simswarm::source {
namespace {

// A kill leaves «index.lock» and the like; we have the folder for ourselves.
void remove_locks(const fs::path& folder) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) return;
    if (entry->path().extension() == ".lock") fs::remove(entry->path(), error);
  }
}

std::string key_of(const fs::path& root) {
  constexpr std::size_t kDigits = 16;
  return digest_of(root.native()).hex().substr(0, kDigits);
}

std::string without_end(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// Readers see the old or the new one; what is lost with the power is made again.
Status replace_file(const fs::path& file, std::string_view content) {
  const fs::path fresh = file.string() + ".new";
  SIMSWARM_CHECK(write_file(fresh, content));
  if (::rename(fresh.c_str(), file.c_str()) != 0) return system_error(errno, file.string());
  return {};
}

// How many entries an index has; nothing where it is none.
std::optional<std::size_t> entries_of(const fs::path& index) {
  constexpr std::size_t kHeader = 12;  // «DIRC», version, number of entries
  std::string header(kHeader, '\0');
  const Fd file(::open(index.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::read(file.get(), header.data(), kHeader) != static_cast<ssize_t>(kHeader)) return {};
  if (!header.starts_with("DIRC")) return {};
  std::size_t count = 0;
  for (std::size_t i = 8; i < kHeader; ++i) count = count << 8U | static_cast<unsigned char>(header[i]);
  return count;
}

std::string zero_ended(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(name).push_back('\0');
  return text;
}

Result<std::vector<std::string>> known_names(const fs::path& file) {
  std::vector<std::string> names;
  SIMSWARM_TRY(const std::string text, read_file(file));
  for (const std::string_view name : split(text, '\0')) {
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

constexpr std::int64_t kSecond = 1'000'000'000;

// An index knows times by their seconds. A file whose time of change lies in the second of the snapshot, and that has
// got another time of its own since it was written (as of `cp -p`, `tar`), may be written again unseen: it is noted as
// the system knows it.
std::string young_ones(const std::vector<Seen>& files, std::int64_t now) {
  constexpr std::int64_t kTick = 20'000'000;  // the clock of the file system may stand still for as long
  std::string text;
  for (const Seen& file : files) {
    const FileIdentity& identity = file.identity;
    const bool young = identity.ctime_ns / kSecond >= now / kSecond - 1;
    if (!young || identity.mtime_ns / kSecond >= identity.ctime_ns / kSecond) continue;
    const std::int64_t known = identity.ctime_ns > now - kTick ? 0 : identity.ctime_ns;
    text.append(file.name).append(fmt::format("\n{}", known)).push_back('\0');
  }
  return text;
}

// Of these, the ones that may have changed since.
std::vector<std::string> doubtful(const std::string& young, const std::vector<Seen>& files) {
  std::vector<std::string> names;
  for (const std::string_view record : split(young, '\0')) {
    if (record.empty()) continue;
    const std::size_t end = std::min(record.rfind('\n'), record.size() - 1);
    const std::string_view name = record.substr(0, end);
    const auto file = std::lower_bound(files.begin(), files.end(), name,
                                       [](const Seen& one, std::string_view text) { return one.name < text; });
    if (file == files.end() || file->name != name) continue;
    if (parse_int(record.substr(end + 1)) != file->identity.ctime_ns) names.emplace_back(name);
  }
  return names;
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

// What says why git could not read a file of the user's, if that is the reason.
Status readable(const fs::path& root, const std::vector<Seen>& files) {
  for (const Seen& file : files) {
    const fs::path path = root / file.name;
    if (!S_ISREG(file.mode)) continue;
    const Fd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (opened.valid() || errno == ENOENT || errno == ENOTDIR) continue;
    return environment_error(
        "{}: {}, so no snapshot can be taken; make the file readable, or have git ignore it (.gitignore)",
        path.string(), system_error(errno, "cannot be read").value().message);
  }
  return {};
}

// Objects that came one by one, as far as one of git's 256 folders tells.
std::size_t loose_objects(const fs::path& git_dir) {
  std::error_code error;
  std::size_t count = 0;
  for (auto entry = fs::directory_iterator(git_dir / "objects" / "17", error);
       !error && entry != fs::directory_iterator(); entry.increment(error))
    ++count;
  return count * 256;
}

}  // namespace

Result<Store> Store::open(const fs::path& folder, const std::string& format) {
  const fs::path git_dir = folder / ("git-" + format);
  SIMSWARM_CHECK(make_git_folder(git_dir, format, {}));
  SIMSWARM_CHECK(make_folders(git_dir / "indexes"));
  remove_locks(git_dir);
  remove_locks(git_dir / "indexes");
  return Store(folder, {git_dir});
}

Result<std::string> Store::write_tree(const fs::path& root, const std::vector<Seen>& files) {
  GitPlace place = place_;
  place.work_tree = root;
  place.index = place_.git_dir / "indexes" / key_of(root);
  // git gives up on a file that gets shorter, or goes, while it is read.
  constexpr int kTries = 10;
  constexpr std::chrono::milliseconds kPause{10};
  Status updated = update_index(place, files);
  for (int tries = 1; !updated; ++tries) {
    SIMSWARM_CHECK(readable(root, files));
    const bool is_restless = updated.error().message.find("Unable to process path") != std::string::npos;
    if (!is_restless || tries == kTries) return propagate(updated.error());
    std::this_thread::sleep_for(kPause * tries);
    updated = update_index(place, files);
  }
  SIMSWARM_TRY(std::string tree, git(place, {"write-tree"}));
  return without_end(std::move(tree));
}

Status Store::update_index(const GitPlace& place, const std::vector<Seen>& files) {
  const fs::path names_file = place.index.string() + ".names";
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const Seen& file : files) names.push_back(file.name);
  const auto known = known_names(names_file);
  std::error_code error;
  if (!known) fs::remove(place.index, error);
  std::vector<std::string> gone;
  if (known) std::set_difference(known->begin(), known->end(), names.begin(), names.end(), std::back_inserter(gone));
  const fs::path young_file = place.index.string() + ".young";
  const std::string young = read_file(young_file).value_or("");
  for (std::string& name : doubtful(young, files)) gone.push_back(std::move(name));
  if (!gone.empty()) SIMSWARM_CHECK(git(place, {"update-index", "-z", "--force-remove", "--stdin"}, zero_ended(gone)));
  const std::string input = zero_ended(names);
  const std::vector<std::string> words{"update-index", "-z", "--add", "--remove", "--replace", "--stdin"};
  SIMSWARM_CHECK(git(place, words, input));
  // Files that are gone by now are fewer. More are of one that was killed before it could note its names.
  if (!names.empty() && entries_of(place.index).value_or(0) > names.size()) {
    fs::remove(place.index, error);
    SIMSWARM_CHECK(git(place, words, input));
  }
  const std::string young_now = young_ones(files, now_ns());
  if (young_now != young) SIMSWARM_CHECK(replace_file(young_file, young_now));
  if (known && *known == names) return {};
  return replace_file(names_file, input);
}

Result<std::string> Store::write_tree(const std::vector<Entry>& entries) {
  GitPlace place = place_;
  place.index = place_.git_dir / "indexes" / "commit";
  std::error_code error;
  fs::remove(place.index, error);
  std::string input;
  for (const Entry& entry : entries)
    input.append(entry.mode).append(" ").append(entry.id).append("\t").append(entry.path).push_back('\0');
  SIMSWARM_CHECK(git(place, {"update-index", "-z", "--index-info"}, input));
  SIMSWARM_TRY(std::string tree, git(place, {"write-tree"}));
  return without_end(std::move(tree));
}

Result<std::string> Store::join(const std::map<std::string, std::string>& trees) {
  if (trees.size() == 1 && trees.begin()->first == ".") return trees.begin()->second;
  std::map<std::string, std::map<std::string, std::string>> deeper;
  std::string input;
  const auto add = [&input](const std::string& name, const std::string& tree) {
    input.append("040000 tree ").append(tree).append("\t").append(name).push_back('\0');
  };
  for (const auto& [place, tree] : trees) {
    const std::size_t slash = place.find('/');
    if (slash == std::string::npos)
      add(place, tree);
    else
      deeper[place.substr(0, slash)][place.substr(slash + 1)] = tree;
  }
  for (const auto& [name, below] : deeper) {
    SIMSWARM_TRY(const std::string tree, join(below));
    add(name, tree);
  }
  SIMSWARM_TRY(std::string tree, git(place_, {"mktree", "-z"}, input));
  return without_end(std::move(tree));
}

Result<std::vector<std::string>> Store::missing(const std::vector<std::string>& ids) const {
  std::string input;
  for (const std::string& id : ids) input.append(id).push_back('\n');
  std::vector<std::string> absent;
  if (input.empty()) return absent;
  SIMSWARM_TRY(const std::string said, git(place_, {"cat-file", "--batch-check=%(objectname)"}, input));
  for (const std::string_view line : lines(said)) {
    if (line.ends_with(" missing")) absent.emplace_back(line.substr(0, line.find(' ')));
  }
  return absent;
}

Status Store::take_in(int pack) const {
  if (::lseek(pack, 0, SEEK_SET) != 0) return system_error(errno, "a git pack");
  GitPipes pipes;
  pipes.input_from = pack;
  SIMSWARM_TRY(const Answer answer, try_git(place_, {"unpack-objects", "-q"}, pipes));
  if (answer.exit_code != 0) return environment_error("git unpack-objects: {}", complaint(answer));
  return {};
}

Result<std::string> Store::add_file(const fs::path& file) const {
  SIMSWARM_TRY(std::string id, git(place_, {"hash-object", "-w", "--no-filters", "--", file.string()}));
  return without_end(std::move(id));
}

Result<std::string> Store::content(const std::string& id) const {
  return git(place_, {"cat-file", "blob", id});
}

Status Store::keep(const std::string& name, const std::string& id) const {
  const fs::path file = place_.git_dir / "refs" / "simswarm" / name;
  SIMSWARM_CHECK(make_folders(file.parent_path()));
  return replace_file(file, id + "\n");
}

Status Store::release(const std::string& name) const {
  std::error_code error;
  fs::remove(place_.git_dir / "refs" / "simswarm" / name, error);
  return {};
}

Status Store::tidy() const {
  constexpr std::size_t kMany = 20'000;
  if (loose_objects(place_.git_dir) < kMany) return {};
  SIMSWARM_CHECK(git(place_, {"repack", "-a", "-d", "-q", "--window=0"}));
  SIMSWARM_CHECK(git(place_, {"prune", "--expire=now"}));
  return {};
}

Status Store::pack(const std::string& tree, const std::string& base, int to) const {
  GitPlace place = place_;
  std::vector<std::string> walk{"rev-list", "--objects", tree};
  std::string input;
  if (!base.empty()) {
    place.alternates = alternates_;
    walk.push_back("^" + base);
    input = "-" + base + "\n";  // deltas may count from what it has
  }
  SIMSWARM_TRY(const std::string objects, git(place, std::move(walk)));
  input += objects;
  GitPipes pipes;
  pipes.input = input;
  pipes.output_to = to;
  SIMSWARM_TRY(const Answer answer, try_git(place, {"pack-objects", "--stdout", "-q", "--delta-base-offset"}, pipes));
  if (answer.exit_code != 0) return environment_error("git pack-objects: {}", complaint(answer));
  return {};
}

}  // namespace simswarm::source
