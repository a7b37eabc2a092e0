#include "source/snapshot.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "source/git.h"
#include "source/snapshot_list.h"
#include "source/snapshot_store.h"
#include "source/snapshot_take.h"

namespace simswarm::source {
namespace {

constexpr std::size_t kMostSent = 20;     // that are remembered
constexpr std::size_t kMostCommits = 16;  // that are offered as relatives
constexpr std::string_view kVersion = "1\n";

std::string hex_digits_only(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos ? std::string(text) : std::string();
}

std::vector<TreeId> sent_before(const fs::path& folder) {
  std::vector<TreeId> trees;
  const std::string text = read_file(folder / "sent").value_or("");
  for (const std::string_view line : lines(text)) {
    if (auto tree = TreeId::parse(line)) trees.push_back(*tree);
  }
  return trees;
}

void add_once(std::vector<TreeId>& trees, TreeId tree) {
  if (std::find(trees.begin(), trees.end(), tree) == trees.end()) trees.push_back(std::move(tree));
}

// All but the lock, which is held.
Status empty_out(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (auto entry = fs::directory_iterator(folder, error); entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename() != "lock") entries.push_back(entry->path());
  }
  for (const fs::path& entry : entries) SIMSWARM_CHECK(remove_tree(entry));
  return write_file(folder / "version", kVersion);
}

Status pour_file(int file, Sink& sink) {
  std::vector<char> buffer(kPiece);
  if (::lseek(file, 0, SEEK_SET) != 0) return system_error(errno, "a git pack");
  while (true) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "a git pack");
    if (got == 0) return {};
    SIMSWARM_CHECK(sink.write({buffer.data(), static_cast<std::size_t>(got)}));
  }
}

// A file without a name: a kill leaves nothing.
Result<Fd> unnamed_file(const fs::path& folder) {
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error(errno, folder.string());
  return file;
}

Result<Fd> packed(const fs::path& folder, const TreeId& tree, const std::string& base,
                  const std::vector<fs::path>& objects) {
  SIMSWARM_TRY(Store store, Store::open(folder, tree.format()));
  store.look_also_in(objects);
  SIMSWARM_TRY(Fd file, unnamed_file(folder));
  SIMSWARM_CHECK(store.pack(tree.hex(), base, file.get()));
  return file;
}

}  // namespace

Result<TreeId> TreeId::parse(std::string_view text) {
  constexpr std::size_t kSha1 = 40;
  constexpr std::size_t kSha256 = 64;
  const std::size_t colon = text.find(':');
  const std::string_view format = text.substr(0, std::min(colon, text.size()));
  const std::string hex = hex_digits_only(colon == std::string_view::npos ? "?" : text.substr(colon + 1));
  const bool right = (format == "sha1" && hex.size() == kSha1) || (format == "sha256" && hex.size() == kSha256);
  if (!right) return usage_error("«{}» is no tree: «sha1:» and 40, or «sha256:» and 64 hexadecimal digits", text);
  return TreeId{std::string(text)};
}

Result<Snapshots> Snapshots::open(const fs::path& folder) {
  SIMSWARM_CHECK(make_folders(folder));
  const fs::path file = folder / "lock";
  Fd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock.valid()) return system_error(errno, file.string());
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error(errno, file.string());
  }
  if (read_file(folder / "version").value_or("") != kVersion) SIMSWARM_CHECK(empty_out(folder));
  return Snapshots(folder, std::move(lock));
}

Result<Snapshot> Snapshots::take(const SnapshotRequest& request) {
  last_ = request;
  bool damaged = false;
  auto taken = take_snapshot(folder_, request, damaged);
  if (!taken.has_value() && damaged) return make_anew(request);
  return taken;
}

// Our folder is damaged: nothing in it is worth more than the time to make it again.
Result<Snapshot> Snapshots::make_anew(const SnapshotRequest& request) {
  SIMSWARM_CHECK(empty_out(folder_));
  bool damaged = false;
  return take_snapshot(folder_, request, damaged);
}

Result<std::vector<TreeId>> Snapshots::relatives(const Snapshot& snapshot) {
  std::vector<TreeId> trees;
  for (TreeId& tree : sent_before(folder_)) {
    if (tree.format() == snapshot.tree.format()) add_once(trees, std::move(tree));
  }
  if (snapshot.roots.size() != 1 || snapshot.roots.front().commit.empty()) return trees;
  const fs::path& root = snapshot.roots.front().folder;
  SIMSWARM_TRY(const RepositoryState state, ask_state(root));
  if (!state.at_top || state.format != snapshot.tree.format()) return trees;
  SIMSWARM_TRY(const Answer commits,
               ask_git(root, {"log", fmt::format("-{}", kMostCommits), "--format=%T", snapshot.roots.front().commit}));
  for (const std::string_view line : lines(commits.output)) {
    if (auto tree = TreeId::parse(fmt::format("{}:{}", state.format, line))) add_once(trees, *tree);
  }
  SIMSWARM_TRY(Answer objects, ask_git(root, {"rev-parse", "--path-format=absolute", "--git-path", "objects"}));
  if (objects.output.ends_with('\n')) objects.output.pop_back();
  objects_ = {objects.output};
  return trees;
}

Status Snapshots::pack(const TreeId& tree, const std::optional<TreeId>& base, Sink& sink) {
  const bool related = base && base->format() == tree.format();
  if (related) {
    if (auto file = packed(folder_, tree, base->hex(), objects_)) return pour_file(file->get(), sink);
  }
  if (auto file = packed(folder_, tree, "", {})) return pour_file(file->get(), sink);
  // Objects are missing or damaged. The files may still be as they were.
  const auto again = last_ ? make_anew(*last_) : Result<Snapshot>(environment_error("nothing was taken"));
  if (!again.has_value() || again->tree != tree) {
    auto error = environment_error(
        "{}: the snapshot {} is no longer there whole, and the files have changed since; take it again",
        folder_.string(), tree.text);
    error.value().can_retry = true;
    return error;
  }
  SIMSWARM_TRY(const Fd file, packed(folder_, tree, "", {}));
  return pour_file(file.get(), sink);
}

Status Snapshots::note_sent(const TreeId& tree) {
  SIMSWARM_TRY(const Store store, Store::open(folder_, tree.format()));
  std::vector<TreeId> trees{tree};
  for (TreeId& earlier : sent_before(folder_)) add_once(trees, std::move(earlier));
  SIMSWARM_CHECK(store.keep("sent/" + tree.hex(), tree.hex()));
  std::string text;
  for (std::size_t i = 0; i < trees.size(); ++i) {
    if (i < kMostSent) text += trees[i].text + "\n";
    if (i >= kMostSent) SIMSWARM_CHECK(store.release("sent/" + trees[i].hex()));
  }
  SIMSWARM_CHECK(write_file_atomically(folder_ / "sent", text));
  return store.tidy();
}

}  // namespace simswarm::source
