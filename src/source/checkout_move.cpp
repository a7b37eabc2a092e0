#include "source/checkout_move.h"

#include <string.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/digest.h"
#include "base/text.h"
#include "source/checkout_place.h"

namespace simswarm::source {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t uptime_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::int64_t{time.tv_sec} * kSecond + time.tv_nsec;
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

bool is_about_room(const std::string& words) {
  return words.find("No space left") != std::string::npos || words.find("Disk quota") != std::string::npos ||
         words.find("Cannot allocate") != std::string::npos || words.find("Out of memory") != std::string::npos;
}

// As a word of its own: «util.h» is none in «my_util.h».
bool has_word(std::string_view text, std::string_view word) {
  const auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  for (std::size_t at = 0;; at += word.size()) {
    const void* hit = ::memmem(text.data() + at, text.size() - at, word.data(), word.size());
    if (hit == nullptr) return false;
    at = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
    if (at == 0 || !is_inner(text[at - 1])) return true;
  }
}

std::unordered_set<std::string_view> folders_of(const TreeFiles& files) {
  std::unordered_set<std::string_view> folders;
  for (const TreeFile& file : files) {
    std::string_view path = file.path;
    for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/')) {
      path = path.substr(0, slash);
      if (!folders.insert(path).second) break;
    }
  }
  return folders;
}

}  // namespace

std::string build_mark() {
  return fmt::format("{} {}\n", now_ns(), uptime_ns());
}

std::optional<std::int64_t> cut_since(const std::string& mark) {
  const auto words = split(trim(mark), ' ');
  const auto began = parse_int(words.front());
  const auto uptime = parse_int(words.back());
  if (words.size() != 2 || !began || !uptime) return std::nullopt;
  const std::int64_t shifted = (now_ns() - *began) - (uptime_ns() - *uptime);
  if (shifted > kSecond || shifted < -kSecond) return std::nullopt;
  return *began - 2 * kSecond;
}

Result<std::uint64_t> sweep(Ground& ground, const TreeFiles& files,
                            const std::function<bool(const Ground::Entry&)>& goes) {
  const std::unordered_set<std::string_view> folders = folders_of(files);
  std::uint64_t gone = 0;
  SIMSWARM_CHECK(ground.walk([&](const Ground::Entry& entry) -> Result<bool> {
    if (S_ISDIR(entry.info.st_mode) && folders.contains(entry.path)) return true;
    if (find(files, entry.path) != nullptr) return false;
    if (!goes(entry)) return true;
    ++gone;
    SIMSWARM_CHECK(ground.discard(entry.path));
    return false;
  }));
  return gone;
}

Result<TreeFiles> Move::list(const std::string& hex) {
  SIMSWARM_TRY(const Answer answer, try_git({git_dir_}, {"ls-tree", "-r", "-z", "--full-tree", hex}));
  if (answer.exit_code == 0) return parse_tree(answer.output);
  damage_ = complaint(answer);
  return environment_error("git cannot list the tree {}: {}", hex, damage_);
}

Status Move::look_back(const TreeId& tree, const std::string& recipe) {
  const std::optional<CheckoutState> state = read_state(place_.state());
  known_ = state.has_value();
  if (known_) before_ = *state;
  now_ = before_;
  now_.tree = tree.text;
  now_.recipe = digest_of(recipe).hex();
  now_.boot = boot_id();
  if (before_.tree != tree.text) {
    SIMSWARM_TRY(now_.files, list(tree.hex()));
  }
  difference_ = difference(before_.files, now_.files);
  for (const TreeFile* file : difference_.removed) moved_.removed.push_back(file->path);
  cut_ = is_there(place_.building());
  return look_at_interrupted_move();
}

// What it has added is in no list but that of its tree.
Status Move::look_at_interrupted_move() {
  const Result<std::string> mark = read_file(place_.moving());
  interrupted_ = mark.has_value();
  if (!interrupted_) return {};
  const auto tree = TreeId::parse(trim(*mark));
  auto files = tree && tree->format() == git_dir_.filename() ? list(tree->hex())
                                                             : Result<TreeFiles>(environment_error("another format"));
  damage_.clear();
  if (files)
    interrupted_files_ = std::move(*files);
  else
    known_ = false;
  return {};
}

std::string Move::reason(Ground& ground, const std::string& recipe) {
  if (!known_) return "it is not known what lies there";
  if (before_.boot != boot_id()) return "the machine was started anew: what was built before may not be on its disk";
  if (before_.recipe != digest_of(recipe).hex()) return "it is built in another way";
  if (cut_ && !cut_since(read_file(place_.building()).value_or("")))
    return "the last build was cut off, and the clock was set";
  return unseen_change(now_.files, difference_,
                       [&](const std::vector<std::string>& names) { return mentioned(ground, names); });
}

// Files that are compiled, and are the same in both trees: one of them may have looked for such a name, and found
// another file or none.
std::string Move::mentioned(Ground& ground, const std::vector<std::string>& names) const {
  for (const TreeFile& file : now_.files) {
    const TreeFile* old = find(before_.files, file.path);
    if (old == nullptr || !old->same_as(file) || !(is_source(file.path) || is_header(file.path))) continue;
    FileSource source(ground.open_file(file.path), file.path);
    TextSink text;
    if (!pour(source, text)) continue;  // it is not there, and comes anew
    for (const std::string& name : names) {
      if (has_word(text.text(), name)) return name;
    }
  }
  return {};
}

Status Move::throw_away(Ground& ground) {
  SIMSWARM_TRY(const std::uint64_t gone, sweep(ground, now_.files, [](const Ground::Entry&) { return true; }));
  moved_.cleaned = gone > 0 || known_;
  if (moved_.cleaned) moved_.why = reason_;
  return {};
}

// By the time of the last change of any kind, which nobody can set. An object whose notes of headers were cut off, too,
// would never be built again when one of them changes.
Status Move::remove_cut(Ground& ground) {
  const std::int64_t since = cut_since(read_file(place_.building()).value_or("")).value_or(0);
  const auto is_new = [&](const Ground::Entry& entry) { return identity_of(entry.info).ctime_ns >= since; };
  bool any_notes = false;
  std::unordered_set<std::string> noted;
  SIMSWARM_CHECK(ground.walk([&](const Ground::Entry& entry) -> Result<bool> {
    const bool is_note = !S_ISDIR(entry.info.st_mode) && is_note_of_headers(entry.path);
    any_notes = any_notes || is_note;
    if (is_note && !is_new(entry)) noted.emplace(stem_of(entry.path));
    return true;
  }));
  std::vector<std::string> folders;
  const auto is_cut = [&](const Ground::Entry& entry) {
    constexpr std::ptrdiff_t kDeep = 100;  // levels; builds that make more are not looked through
    if (!S_ISDIR(entry.info.st_mode))
      return is_new(entry) || (any_notes && is_object(entry.path) && !noted.contains(std::string(stem_of(entry.path))));
    if (is_new(entry)) folders.push_back(entry.path);
    return std::count(entry.path.begin(), entry.path.end(), '/') > kDeep;
  };
  SIMSWARM_TRY(const std::uint64_t gone, sweep(ground, now_.files, is_cut));
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) ground.remove_empty(*folder);
  moved_.why = fmt::format("the last build was cut off: what it had written was removed ({} files)", gone);
  return {};
}

Status Move::remove_gone(Ground& ground) {
  const auto remove = [&](const std::string& path) -> Status {
    const auto info = ground.look(path);
    // Folders of the new tree may have come in its place.
    const std::string below = path + "/";
    const auto first = std::lower_bound(now_.files.begin(), now_.files.end(), below,
                                        [](const TreeFile& file, const std::string& name) { return file.path < name; });
    const bool is_folder_now = first != now_.files.end() && first->path.starts_with(below);
    if (info && !(S_ISDIR(info->st_mode) && is_folder_now)) SIMSWARM_CHECK(ground.remove(path));
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos) ground.remove_empty(std::string_view(path).substr(0, slash));
    return {};
  };
  for (const TreeFile* file : difference_.removed) SIMSWARM_CHECK(remove(file->path));
  for (const TreeFile& file : interrupted_files_) {
    if (find(now_.files, file.path) == nullptr && find(before_.files, file.path) == nullptr)
      SIMSWARM_CHECK(remove(file.path));
  }
  return {};
}

Status Move::write(Ground& ground, const std::vector<std::size_t>& doubtful) {
  if (doubtful.empty()) return {};
  SIMSWARM_TRY(const fs::path staging, new_stage(place_.staging()));
  SIMSWARM_TRY(const Answer staged, stage(git_dir_, staging, now_.files, doubtful));
  if (staged.exit_code != 0) {
    const std::string words = complaint(staged);
    if (staged.exit_code < 128 + 1 && !is_about_room(staged.errors)) damage_ = words;
    return environment_error("cannot write files of {} in {}: {}", now_.tree, place_.folder.string(), words);
  }
  const std::int64_t built = parse_int(trim(read_file(place_.built()).value_or(""))).value_or(0);
  now_.newest = std::max({now_ns(), before_.newest + 1, built + 1});
  SIMSWARM_TRY(moved_.changed, place(ground, staging, now_.files, doubtful, now_.newest));
  SIMSWARM_CHECK(remove_tree(staging));
  wait_for_tick(place_.folder, now_.newest);
  return {};
}

// Copies, since builds may write what they like into the files themselves.
Status Move::keep_ignore_rules() {
  const auto is_rule = [](const TreeFile* file) {
    return file->path == ".gitignore" || file->path.ends_with("/.gitignore");
  };
  const auto any = [&](const std::vector<const TreeFile*>& files) {
    return std::any_of(files.begin(), files.end(), is_rule);
  };
  if (known_ && !interrupted_ && is_there(place_.ignore()) && !any(difference_.added) && !any(difference_.changed) &&
      !any(difference_.removed))
    return {};
  std::error_code ignored;
  SIMSWARM_CHECK(remove_tree(place_.ignore()));
  SIMSWARM_CHECK(make_folders(place_.ignore()));
  fs::permissions(place_.ignore(), fs::perms::owner_all, ignored);
  for (const TreeFile& file : now_.files) {
    if (!is_rule(&file) || file.kind == Kind::kLink) continue;  // git does not follow one
    const fs::path copy = place_.ignore() / file.path;
    SIMSWARM_CHECK(make_folders(copy.parent_path()));
    SIMSWARM_TRY(const std::string rules, git({git_dir_}, {"cat-file", "blob", file.object}));
    SIMSWARM_CHECK(write_file(copy, rules));
  }
  return {};
}

Status Move::finish() {
  SIMSWARM_CHECK(keep_ignore_rules());
  SIMSWARM_CHECK(write_state(place_.state(), now_));
  std::error_code error;
  fs::remove(place_.building(), error);
  if (!error) fs::remove(place_.moving(), error);
  if (error) return system_error(error.value(), place_.folder.string());
  return {};
}

Result<Moved> Move::run(const TreeId& tree, const std::string& recipe) {
  SIMSWARM_CHECK(look_back(tree, recipe));
  SIMSWARM_TRY(Ground ground, Ground::open(place_.tree(), place_.trash()));
  SIMSWARM_CHECK(ground.empty_trash());
  reason_ = reason(ground, recipe);
  const bool believed = known_ && before_.boot == boot_id();
  std::vector<std::size_t> doubtful = doubtful_files(ground, believed ? before_.files : TreeFiles(), now_.files);
  if (doubtful.empty() && reason_.empty() && !interrupted_ && !cut_ && before_.tree == tree.text) return moved_;
  SIMSWARM_CHECK(put_file(place_.moving(), tree.text + "\n"));
  if (!reason_.empty())
    SIMSWARM_CHECK(throw_away(ground));
  else if (cut_)
    SIMSWARM_CHECK(remove_cut(ground));
  SIMSWARM_CHECK(remove_gone(ground));
  SIMSWARM_CHECK(write(ground, doubtful));
  SIMSWARM_CHECK(finish());
  return moved_;
}

}  // namespace simswarm::source
