#include "plan/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <fstream>
#include <unordered_set>

#include "base/subprocess.h"
#include "base/text.h"
#include "plan/files.h"

namespace simswarm::plan {
namespace {

constexpr std::array<std::string_view, 37> kNoData{
    ".c",   ".cc",  ".cpp", ".cxx", ".h",    ".hh",  ".hpp", ".msg", ".sm",    ".o",     ".a",    ".d",   ".md",
    ".rst", ".sca", ".vec", ".vci", ".elog", ".anf", ".ini", ".mk",  ".cmake", ".ipynb", ".orig", ".rej", ".swp",
    ".pyc", ".log", ".out", ".svg", ".png",  ".pdf", ".tex", ".bib", ".R",     ".m",     ".xlsx"};
// Words of people; as .csv and the like they are data.
constexpr std::array<std::string_view, 7> kNotes{"readme", "notes", "note", "todo", "changelog", "license", "copying"};
constexpr std::array<std::string_view, 6> kNoteExtensions{"", ".txt", ".org", ".adoc", ".html", ".odt"};
constexpr std::string_view kUnreadable = "unreadable";

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return name.starts_with(beginning); });
}

bool is_note(const fs::path& path) {
  std::string stem = path.stem().string();
  std::transform(stem.begin(), stem.end(), stem.begin(), [](unsigned char c) { return std::tolower(c); });
  return is_one_of(kNotes, stem) && is_one_of(kNoteExtensions, path.extension().string());
}

// «core», «core.1234», «vgcore.1234»: what a crash leaves.
bool is_core(std::string_view name) {
  if (name.starts_with("vg")) name.remove_prefix(2);
  return name == "core" || (name.starts_with("core.") && parse_int(name.substr(5)).has_value());
}

bool in_result_folder(const fs::path& relative) {
  const fs::path folder = relative.parent_path();
  return std::any_of(folder.begin(), folder.end(),
                     [](const fs::path& part) { return part.native().starts_with("results"); });
}

// Where our own words go: «simswarm … > run.log» must not make the next campaign another one.
std::vector<std::pair<dev_t, ino_t>> own_streams() {
  std::vector<std::pair<dev_t, ino_t>> streams;
  for (const int fd : {0, 1, 2}) {
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) streams.emplace_back(info.st_dev, info.st_ino);
  }
  return streams;
}

// What «runall -e NAME» writes, whatever its name.
bool is_exported_makefile(const fs::path& path) {
  constexpr std::string_view kFirstWords = "# Runs of ";
  if (path.has_extension()) return false;
  std::array<char, kFirstWords.size()> beginning{};
  std::ifstream stream(path, std::ios::binary);
  stream.read(beginning.data(), beginning.size());
  return std::string_view(beginning.data(), static_cast<std::size_t>(stream.gcount())) == kFirstWords;
}

bool is_script(const fs::path& program) {
  std::ifstream stream(program, std::ios::binary);
  return stream.get() == '#' && stream.get() == '!';
}

class Gatherer {
 public:
  Gatherer(const InputRequest& request, const DigestOf& digest_of) : request_(request), digest_of_(digest_of) {}

  Result<Inputs> gather() {
    SIMSWARM_CHECK(take_objects());
    for (const auto& [folder, pattern] : request_.sources.trees) SIMSWARM_CHECK(take_tree(folder, pattern));
    for (const fs::path& file : request_.sources.files) SIMSWARM_CHECK(take(data_, file, shown(file)));
    take_project();
    inputs_.parts.insert(inputs_.parts.begin(), {{"program", digest_of_part(program_)},
                                                 {"libraries", digest_of_part(libraries_)},
                                                 {"ned", digest_of_part(ned_)},
                                                 {"data", digest_of_part(data_)}});
    return std::move(inputs_);
  }

 private:
  // Name and digest; several trees may hold a file of one name.
  using Part = std::multiset<std::pair<std::string, std::string>>;

  [[nodiscard]] std::string shown(const fs::path& path) const {
    if (!lies_in(request_.project, path)) return path.string();
    return path.lexically_relative(request_.working_folder).string();
  }

  Status take(Part& part, const fs::path& path, const std::string& name) {
    if (!taken_.insert(path.string()).second) return {};
    SIMSWARM_TRY(const Digest digest, digest_of_(path));
    note(part, path, name, digest.hex());
    return {};
  }

  // What we cannot read or what has just gone, a run cannot read either.
  void take_if_readable(Part& part, const fs::path& path, const std::string& name) {
    if (!taken_.insert(path.string()).second) return;
    const auto digest = digest_of_(path);
    note(part, path, name, digest ? digest->hex() : std::string(kUnreadable));
  }

  void note(Part& part, const fs::path& path, const std::string& name, const std::string& digest) {
    part.emplace(name, digest);
    inputs_.files.emplace(shown(path), digest);
  }

  Status take_objects() {
    SIMSWARM_TRY(const auto objects, loaded_objects(request_));
    for (const fs::path& object : objects) {
      SIMSWARM_CHECK(take(object == request_.program ? program_ : libraries_, object, object.filename().string()));
    }
    inputs_.objects = objects;
    // A wrapper whose program cannot be seen (it is linked statically, or runs in another place): what is known of it
    // now may not hold at the next start, so nothing is believed then.
    if (!request_.sources.probe_command.empty() && objects.size() == 1 && is_script(request_.program)) {
      const auto now = std::chrono::system_clock::now().time_since_epoch().count();
      inputs_.parts.push_back({"program behind the script", fmt::format("not seen ({}.{})", ::getpid(), now)});
    }
    return {};
  }

  // Also in the project: a library on the NED path may be one that git ignores.
  Status take_tree(const fs::path& folder, const std::string& pattern) {
    std::error_code error;
    if (auto entry = fs::directory_iterator(folder, error); error) {
      return usage_error("NED folder {}: {}", folder.string(), error.message());
    }
    for (const fs::path& path : files_in(folder, Listing::kAll, request_.left_out)) {
      const std::string relative = path.lexically_relative(folder).string();
      if (!glob_match(pattern, relative) && path.filename() != ".nedexclusions") continue;
      std::error_code ignored;
      if (is_left_out(path) || !fs::is_regular_file(path, ignored)) continue;
      const bool inside = lies_in(request_.project, path);
      take_if_readable(ned_, path, inside ? path.lexically_relative(request_.project).string() : relative);
    }
    return {};
  }

  [[nodiscard]] bool is_left_out(const fs::path& path) const {
    const auto in = [&](const fs::path& folder) { return lies_in(folder, path); };
    if (std::any_of(request_.left_out.begin(), request_.left_out.end(), in)) return true;
    return request_.written.contains(path.lexically_relative(request_.working_folder).string());
  }

  [[nodiscard]] bool is_wanted(const fs::path& path) const {
    if (is_ned(path)) return true;
    if (request_.patterns.empty()) return is_data(path);
    const std::string relative = path.lexically_relative(request_.project).string();
    const auto matches = [&](const std::string& pattern) { return glob_match(pattern, relative); };
    return std::any_of(request_.patterns.begin(), request_.patterns.end(), matches);
  }

  [[nodiscard]] bool is_data(const fs::path& path) const {
    const bool below = lies_in(request_.working_folder, path);
    const fs::path relative = path.lexically_relative(below ? request_.working_folder : request_.project);
    // For a program of any kind these may be code and input.
    constexpr std::array<std::string_view, 6> kMayBeRead{".ini", ".R", ".m", ".png", ".tex", ".xlsx"};
    const bool any_program = request_.sources.probe_command.empty();
    const bool data = is_data_by_default(relative) || (any_program && !in_result_folder(relative) &&
                                                       is_one_of(kMayBeRead, relative.extension().string()));
    struct stat info {};
    if (!data || is_exported_makefile(path) || ::stat(path.c_str(), &info) != 0) return false;
    return std::find(streams_.begin(), streams_.end(), std::pair(info.st_dev, info.st_ino)) == streams_.end();
  }

  static bool is_ned(const fs::path& path) { return path.extension() == ".ned" || path.filename() == ".nedexclusions"; }

  void take_project() {
    std::error_code ignored;
    for (const fs::path& file : listed()) {
      if (is_left_out(file) || !is_wanted(file) || !fs::is_regular_file(file, ignored)) continue;
      take_if_readable(is_ned(file) ? ned_ : data_, file, file.lexically_relative(request_.project).string());
    }
  }

  [[nodiscard]] std::vector<fs::path> listed() const {
    if (!request_.listing) return files_in(request_.project, Listing::kAsGit, request_.left_out);
    std::vector<fs::path> files;
    for (const std::string& path : *request_.listing) files.push_back(request_.project / path);
    return files;
  }

  static std::string digest_of_part(const Part& part) {
    Hasher hasher;
    for (const auto& [name, digest] : part) hasher.field(name).field(digest);
    return hasher.finish().hex();
  }

  const InputRequest& request_;
  const DigestOf& digest_of_;
  Inputs inputs_;
  std::unordered_set<std::string> taken_;
  Part program_, libraries_, ned_, data_;
  const std::vector<std::pair<dev_t, ino_t>> streams_ = own_streams();
};

}  // namespace

bool is_data_by_default(const fs::path& relative) {
  const std::string name = relative.filename().string();
  if (starts_with_any(name, {".", "README", "LICENSE", "COPYING", "Makefile", "makefile", "CMakeLists", "Runfile",
                             "simswarm.toml"}))
    return false;
  if (name.ends_with("~") || is_core(name) || is_note(relative.filename()) || in_result_folder(relative)) return false;
  return !is_one_of(kNoData, relative.extension().string());
}

Result<Inputs> gather_inputs(const InputRequest& request, const DigestOf& digest_of) {
  return Gatherer(request, digest_of).gather();
}

fs::path project_of(const fs::path& working_folder) {
  for (fs::path folder = working_folder; folder.has_relative_path(); folder = folder.parent_path()) {
    std::error_code ignored;
    if (!fs::exists(folder / ".git", ignored)) continue;
    const Result<Answer> answer =
        run({{"git", "-c", "safe.directory=*", "check-ignore", "-q", working_folder.string()}, folder, {}, {}, 60});
    return answer && answer->exit_code == 0 ? working_folder
                                            : folder;  // a folder that git ignores is a project of its own
  }
  return working_folder;
}

}  // namespace simswarm::plan
