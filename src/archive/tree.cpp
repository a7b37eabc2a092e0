#include "archive/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "archive/name.h"

namespace simswarm::archive {
namespace {

constexpr int kMostHops = 40;  // as Linux
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
constexpr std::string_view kTwice = "is there twice";
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

tl::unexpected<Error> failed(int error_number, std::string_view path) {
  return system_error(error_number, fmt::format("the archive's entry «{}»", printable(path)));
}

void push_names(std::string_view path, std::vector<std::string_view>& names) {
  const std::size_t first = names.size();
  while (!path.empty()) names.push_back(take_name(path));
  std::reverse(names.begin() + static_cast<std::ptrdiff_t>(first), names.end());
}

}  // namespace

Result<Tree> Tree::open(const fs::path& folder, std::uint64_t most) {
  Fd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return system_error(errno, folder.string());
  std::error_code error;
  const bool empty = fs::is_empty(folder, error);
  if (error) return system_error(error.value(), folder.string());
  if (!empty) return environment_error("{}: is not empty, so nothing is unpacked into it", folder.string());
  return Tree(std::move(root), most);
}

Status Tree::add_folder(const std::string& path) {
  SIMSWARM_CHECK(expect_free(path));
  if (!folders_.insert(path).second) return refused(path, kTwice);
  SIMSWARM_TRY(const int parent, parent_of(path));
  const std::string name = path.substr(path.rfind('/') + 1);
  if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return failed(errno, path);
  const Fd made(::openat(parent, name.c_str(), kFolder));
  if (!made.valid() && (errno == ENOTDIR || errno == ELOOP)) return refused(path, kTwice);
  if (!made.valid() || ::fchmod(made.get(), 0755) != 0) return failed(errno, path);
  return {};
}

Result<Fd> Tree::add_file(const std::string& path, bool executable) {
  SIMSWARM_CHECK(expect_free(path));
  SIMSWARM_TRY(const int parent, parent_of(path));
  const std::string name = path.substr(path.rfind('/') + 1);
  Fd file(::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid() && errno == EEXIST) return refused(path, kTwice);
  if (!file.valid() || ::fchmod(file.get(), executable ? 0755 : 0644) != 0) return failed(errno, path);
  return file;
}

Status Tree::add_link(const std::string& path, const std::string& target) {
  SIMSWARM_CHECK(expect_free(path));
  if (target.empty()) return refused(path, "is a link that leads nowhere");
  if (target.size() >= kMostPath) return refused(path, "is a link that leads to a path that is too long");
  if (target.front() == '/') return refused(path, fmt::format("is a link that leads out, to «{}»", printable(target)));
  std::size_t node = 0;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = take_name(rest);
    if (const std::size_t known = below(node, name); known != kNowhere) {
      node = known;
      continue;
    }
    nodes_[node].below.emplace(name, nodes_.size());
    node = nodes_.size();
    nodes_.emplace_back();
  }
  if (!nodes_[node].below.empty()) return refused(path, "is a link, and others lie below it");
  nodes_[node].target = target;
  links_.push_back({path, node});
  return {};
}

Status Tree::make_links() {
  for (const Link& link : links_) SIMSWARM_CHECK(expect_inside(link));
  for (const Link& link : links_) SIMSWARM_CHECK(make_link(link));
  return {};
}

std::size_t Tree::below(std::size_t node, std::string_view name) const {
  if (node == kNowhere) return kNowhere;
  const auto found = nodes_[node].below.find(name);
  return found == nodes_[node].below.end() ? kNowhere : found->second;
}

// That neither the path nor one that it lies below is a link.
Status Tree::expect_free(const std::string& path) const {
  std::size_t node = 0;
  for (std::string_view rest = path; !rest.empty();) {
    node = below(node, take_name(rest));
    if (node == kNowhere) return {};
    if (nodes_[node].target.empty()) continue;
    return refused(path, rest.empty() ? kTwice : "lies below a link");
  }
  return {};
}

// The folder that is to hold the entry, made where it is not there. Good until the next call.
Result<int> Tree::parent_of(const std::string& path) {
  const std::size_t end = path.rfind('/');
  if (end == std::string::npos) return root_.get();
  const std::string_view parent = std::string_view(path).substr(0, end);
  if (parent_folder_.valid() && parent == parent_) return parent_folder_.get();
  Fd folder;
  for (std::string_view rest = parent; !rest.empty();) {
    const std::string name(take_name(rest));
    SIMSWARM_TRY(folder, enter(folder.valid() ? folder.get() : root_.get(), name, path));
  }
  parent_ = parent;
  parent_folder_ = std::move(folder);
  return parent_folder_.get();
}

Result<Fd> Tree::enter(int folder, const std::string& name, const std::string& path) {
  Fd there(::openat(folder, name.c_str(), kFolder));
  if (there.valid()) return there;
  if (errno == ENOTDIR || errno == ELOOP) return refused(path, "lies below a file or a link");
  if (errno != ENOENT) return failed(errno, path);
  if (may_make_ == 0) return refused(path, "lies in more folders than may be made");
  --may_make_;
  if (::mkdirat(folder, name.c_str(), 0700) != 0) return failed(errno, path);
  Fd made(::openat(folder, name.c_str(), kFolder));
  if (!made.valid() || ::fchmod(made.get(), 0755) != 0) return failed(errno, path);
  return made;
}

// Goes the way that the system would go, but over the links of the archive: what they say is not yet on the disk. What
// is not there, or is a file, is passed like a folder, since «..» behind it must not lead out either.
Status Tree::expect_inside(const Link& link) const {
  std::vector<std::size_t> where{0};  // the node of each folder on the way
  std::string_view way = link.path;
  for (std::string_view name = take_name(way); !way.empty(); name = take_name(way))
    where.push_back(below(where.back(), name));
  std::vector<std::string_view> ahead;  // the next is the last
  push_names(nodes_[link.node].target, ahead);
  for (int hops = 1; !ahead.empty();) {
    const std::string_view name = ahead.back();
    ahead.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      where.pop_back();
      if (!where.empty()) continue;
      return refused(link.path, fmt::format("is a link that leads out, to «{}»", printable(nodes_[link.node].target)));
    }
    const std::size_t next = below(where.back(), name);
    if (next == kNowhere || nodes_[next].target.empty()) {
      where.push_back(next);
    } else if (++hops > kMostHops) {
      return refused(link.path, fmt::format("is a link that leads on over more than {} links", kMostHops));
    } else {
      push_names(nodes_[next].target, ahead);
    }
  }
  return {};
}

Status Tree::make_link(const Link& link) {
  SIMSWARM_TRY(const int parent, parent_of(link.path));
  const std::string name = link.path.substr(link.path.rfind('/') + 1);
  if (::symlinkat(nodes_[link.node].target.c_str(), parent, name.c_str()) == 0) return {};
  if (errno == EEXIST) return refused(link.path, kTwice);
  return failed(errno, link.path);
}

}  // namespace simswarm::archive
