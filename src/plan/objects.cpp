// Which files the dynamic loader loads for a program (ld.so(8)).
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/subprocess.h"
#include "base/text.h"
#include "plan/inputs.h"

namespace simswarm::plan {
namespace {

// Helpers that wrapper scripts call on their way to the program: their own version changes no result. A program of the
// user may have such a name, too; helpers are those of the system.
bool is_helper(const fs::path& program) {
  constexpr std::array<std::string_view, 20> kHelpers{
      "sh",  "bash",  "dash", "env",  "dirname", "basename", "readlink", "realpath", "sed", "grep",
      "cat", "uname", "expr", "test", "ls",      "which",    "tr",       "cut",      "git", "awk"};
  constexpr std::array<std::string_view, 3> kFolders{"/bin", "/usr/bin", "/usr/local/bin"};
  return std::find(kHelpers.begin(), kHelpers.end(), program.filename().string()) != kHelpers.end() &&
         std::find(kFolders.begin(), kFolders.end(), program.parent_path().string()) != kFolders.end();
}

void add(std::vector<fs::path>& objects, const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) objects.push_back(path);
}

// One file of LD_DEBUG=files: «PID: calling init: PATH», «PID: initialize program: PATH», «PID: transferring control:
// PATH». A process that replaces itself («exec») goes on in the same file: each program image is looked at for itself.
// Libraries stand before the line of their program, or, loaded later, behind it.
void read_loader_words(const std::string& text, const fs::path& folder, std::vector<fs::path>& objects) {
  std::vector<fs::path> pending;  // libraries whose program is not known yet
  bool helper = true;             // the image before; at first there is none that could have loaded them
  const auto keep = [&] {
    objects.insert(objects.end(), pending.begin(), pending.end());
    pending.clear();
  };
  for (const std::string_view line : lines(text)) {
    for (const std::string_view what : {"calling init: ", "initialize program: ", "transferring control: "}) {
      const auto at = line.find(what);
      if (at == std::string_view::npos) continue;
      const fs::path path = absolute_from(folder, fs::path(trim(line.substr(at + what.size()))));
      if (what.front() == 'c') {
        add(pending, path);
        continue;
      }
      const bool is_program = !is_helper(path);
      if (is_program) add(pending, path);
      if (is_program || !helper) keep();  // in doubt it belongs to the one of the two that counts
      pending.clear();
      helper = !is_program;
    }
  }
  if (!helper) keep();
}

Result<std::vector<fs::path>> by_probe(const InputRequest& request) {
  const fs::path folder = request.scratch / "loader";
  SIMSWARM_CHECK(make_folders(folder));
  if (request.run_as && ::chown(folder.c_str(), request.run_as->first, request.run_as->second) != 0) {
    return system_error(errno, folder.string());
  }
  Subprocess probe{request.sources.probe_command, request.working_folder, {}, request.run_as, 600};
  probe.is_foreign = true;
  probe.environment = request.environment;
  probe.environment.insert(probe.environment.end(),
                           {{"LD_DEBUG", "files"}, {"LD_DEBUG_OUTPUT", (folder / "words").string()}});
  SIMSWARM_TRY(const Answer answer, run(probe));
  std::vector<fs::path> objects;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    // The folder is the user's of the program: who knows what it has put there.
    constexpr std::uintmax_t kMost = 64U << 20U;  // bytes
    const bool is_file = entry.symlink_status(error).type() == fs::file_type::regular;
    if (!is_file || entry.file_size(error) > kMost) continue;
    SIMSWARM_TRY(const std::string text, read_file(entry.path()));
    read_loader_words(text, request.working_folder, objects);
  }
  SIMSWARM_CHECK(remove_tree(folder));
  return objects;
}

// «libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)», «/lib64/ld-linux-x86-64.so.2 (0x…)».
// The loader runs code of the program even when it only lists (rtld-audit(7)): as the user of runs, and with nothing in
// the environment that asks for more of it.
Result<std::vector<fs::path>> by_loader(const fs::path& program, const InputRequest& request) {
  Environment environment;
  for (const auto& [name, value] : request.environment) {
    if (!name.starts_with("LD_") || name == "LD_LIBRARY_PATH") environment.emplace_back(name, value);
  }
  constexpr std::array<const char*, 3> kLoaders{"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
                                                "/lib64/ld64.so.2"};
  const auto* const loader =
      std::find_if(kLoaders.begin(), kLoaders.end(), [](const char* path) { return fs::exists(path); });
  std::vector<fs::path> objects;
  if (loader == kLoaders.end()) return objects;
  Subprocess question{{*loader, "--list", program.string()}, "/", environment, request.run_as, 60};
  question.is_foreign = true;
  SIMSWARM_TRY(const Answer answer, run(question));
  for (const std::string_view line : lines(answer.output)) {
    std::string_view path = trim(line.substr(0, line.rfind(" (0x")));
    if (const auto arrow = path.find("=> "); arrow != std::string_view::npos) path = path.substr(arrow + 3);
    if (path.starts_with("/")) add(objects, fs::path(path));
  }
  return objects;
}

}  // namespace

Result<std::vector<fs::path>> loaded_objects(const InputRequest& request) {
  std::vector<fs::path> objects;
  if (!request.sources.probe_command.empty()) {
    SIMSWARM_TRY(objects, by_probe(request));
  } else {
    for (const fs::path& program : request.sources.programs) {
      add(objects, program);
      SIMSWARM_TRY(const auto libraries, by_loader(program, request));
      objects.insert(objects.end(), libraries.begin(), libraries.end());
    }
  }
  add(objects, request.program);
  std::sort(objects.begin(), objects.end());
  objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
  return objects;
}

}  // namespace simswarm::plan
