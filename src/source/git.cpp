#include "source/git.h"

#include <array>

#include "base/text.h"

namespace simswarm::source {
namespace {

constexpr double kPatience = 3600;  // seconds: packing a large project for the first time

// A git hook, or a shell in one, may call us: its repository is not what we mean.
const std::vector<std::string>& foreign_variables() {
  static const std::vector<std::string> names{"GIT_DIR",
                                              "GIT_WORK_TREE",
                                              "GIT_INDEX_FILE",
                                              "GIT_OBJECT_DIRECTORY",
                                              "GIT_COMMON_DIR",
                                              "GIT_NAMESPACE",
                                              "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                              "GIT_PREFIX",
                                              "GIT_CONFIG",
                                              "GIT_CONFIG_PARAMETERS",
                                              "GIT_CONFIG_COUNT",
                                              "GIT_REPLACE_REF_BASE",
                                              "GIT_SHALLOW_FILE",
                                              "GIT_QUARANTINE_PATH",
                                              "GIT_ATTR_SOURCE",
                                              "GIT_LITERAL_PATHSPECS",
                                              "GIT_GLOB_PATHSPECS",
                                              "GIT_NOGLOB_PATHSPECS",
                                              "GIT_ICASE_PATHSPECS",
                                              "GIT_EXTERNAL_DIFF",
                                              "GIT_TRACE",
                                              "GIT_DEFAULT_HASH"};
  return names;
}

// Attributes in the git folder win over those of the tree: nothing is converted.
constexpr std::string_view kAttributes = "* -text -filter -ident -working-tree-encoding -eol -crlf -diff -merge\n";

std::vector<std::string> settings() {
  return {"-c", "core.autocrlf=false",
          "-c", "core.safecrlf=false",
          "-c", "core.fileMode=true",
          "-c", "core.symlinks=true",
          "-c", "core.fsync=none",
          "-c", "core.hooksPath=/dev/null",
          "-c", "core.fsmonitor=false",
          "-c", "core.untrackedCache=false",
          "-c", "core.preloadIndex=true",
          "-c", "core.protectHFS=false",
          "-c", "core.protectNTFS=false",
          "-c", "core.compression=1",
          "-c", "core.ignoreCase=false",
          "-c", "core.precomposeUnicode=false",
          "-c", "gc.auto=0",
          "-c", "safe.directory=*",
          "-c", "advice.detachedHead=false",
          "-c", "core.trustctime=true",
          "-c", "index.threads=1",
          "-c", "submodule.recurse=false",
          "-c", "core.sparseCheckout=false"};
}

// As GIT_ALTERNATE_OBJECT_DIRECTORIES takes them.
std::string quoted_list(const std::vector<fs::path>& folders) {
  std::string list;
  for (const fs::path& folder : folders) {
    if (!list.empty()) list += ':';
    list += '"';
    for (const char c : folder.native()) {
      if (c == '"' || c == '\\') list += '\\';
      if (c == '\n')
        list += "\\n";
      else
        list += c;
    }
    list += '"';
  }
  return list;
}

void connect(Subprocess& process, const GitPipes& pipes) {
  process.without = foreign_variables();
  process.timeout = kPatience;
  process.input = pipes.input;
  process.input_from = pipes.input_from;
  process.output_to = pipes.output_to;
}

}  // namespace

std::string complaint(const Answer& answer) {
  constexpr std::string_view kFatal = "fatal: ";
  std::string_view found;
  for (const std::string_view line : lines(answer.errors.empty() ? answer.output : answer.errors)) {
    if (!trim(line).empty() && !found.starts_with(kFatal)) found = line;
  }
  if (found.starts_with(kFatal)) found.remove_prefix(kFatal.size());
  return found.empty() ? fmt::format("exit code {}", answer.exit_code) : std::string(found);
}

Result<Answer> try_git(const GitPlace& place, std::vector<std::string> words, std::string_view input) {
  return try_git(place, std::move(words), GitPipes{input});
}

Result<Answer> try_git(const GitPlace& place, std::vector<std::string> words, const GitPipes& pipes) {
  Subprocess process;
  process.argv = {"git"};
  for (std::string& setting : settings()) process.argv.push_back(std::move(setting));
  process.argv.push_back("--git-dir=" + place.git_dir.string());
  if (!place.work_tree.empty()) process.argv.push_back("--work-tree=" + place.work_tree.string());
  process.argv.insert(process.argv.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  process.folder = place.work_tree.empty() ? place.git_dir : place.work_tree;
  process.environment = {{"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_ATTR_NOSYSTEM", "1"},
                         {"GIT_TERMINAL_PROMPT", "0"}, {"GIT_NO_REPLACE_OBJECTS", "1"},    {"LC_ALL", "C"}};
  if (!place.index.empty()) process.environment.emplace_back("GIT_INDEX_FILE", place.index.string());
  if (!place.alternates.empty())
    process.environment.emplace_back("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted_list(place.alternates));
  connect(process, pipes);
  return run(process);
}

Result<std::string> git(const GitPlace& place, std::vector<std::string> words, std::string_view input) {
  const std::string command = words.front();
  SIMSWARM_TRY(Answer answer, try_git(place, std::move(words), input));
  if (answer.exit_code != 0)
    return environment_error("git {} in {}: {}", command, place.git_dir.string(), complaint(answer));
  return std::move(answer.output);
}

Status make_git_folder(const fs::path& git_dir, const std::string& format, const std::vector<fs::path>& alternates) {
  std::error_code error;
  // Also where a part is missing: what is there stays.
  if (!fs::exists(git_dir / "HEAD", error) || !fs::exists(git_dir / "objects", error)) {
    SIMSWARM_CHECK(make_folders(git_dir));
    SIMSWARM_TRY([[maybe_unused]] const std::string said,
                 git({git_dir}, {"init", "--quiet", "--bare", "--template=", "--object-format=" + format}));
  }
  SIMSWARM_CHECK(make_folders(git_dir / "info"));
  SIMSWARM_CHECK(make_folders(git_dir / "objects" / "info"));
  SIMSWARM_CHECK(write_file(git_dir / "info" / "attributes", kAttributes));
  std::string list;
  for (const fs::path& objects : alternates) list += objects.string() + "\n";
  return write_file(git_dir / "objects" / "info" / "alternates", list);
}

Result<Answer> ask_git(const fs::path& folder, std::vector<std::string> words, const GitPipes& pipes) {
  Subprocess process;
  process.argv = {"git"};
  for (const char* setting : {"safe.directory=*", "core.fsmonitor=false", "core.hooksPath=/dev/null", "gc.auto=0",
                              "protocol.allow=never", "core.quotePath=false"}) {
    process.argv.insert(process.argv.end(), {"-c", setting});
  }
  process.argv.insert(process.argv.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  process.folder = folder;
  process.environment = {{"GIT_OPTIONAL_LOCKS", "0"},
                         {"GIT_TERMINAL_PROMPT", "0"},
                         {"GIT_NO_LAZY_FETCH", "1"},
                         {"GIT_NO_REPLACE_OBJECTS", "1"},
                         {"LC_ALL", "C"}};
  connect(process, pipes);
  return run(process);
}

}  // namespace simswarm::source
