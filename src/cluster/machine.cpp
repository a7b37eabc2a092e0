#include "cluster/machine.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "cluster/swarm_record.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

constexpr int kSshFailed = 255;  // ssh(1): of its own; else the exit code is the program's
constexpr std::size_t kLongestLine = 300;
// Of sockets' paths the kernel takes 107 bytes; ssh(1) adds «/», 40 digits, and for a moment «.» and 16 letters.
constexpr std::size_t kLongestFolder = 107 - 1 - 40 - 17;

bool is_target(std::string_view text) {
  if (text.empty() || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > ' ' && c != 0x7f &&
           std::string_view("'\"\\`$;&|<>(){}*?!#,").find(static_cast<char>(c)) == std::string_view::npos;
  });
}

// One connection serves the calls of a command. Its socket's path has to be short.
std::vector<std::string> shared_connection() {
  const fs::path folder = swarms_folder() / ".ssh";
  if (folder.native().size() > kLongestFolder || !make_folders(folder)) return {};
  return {"-o", "ControlMaster=auto", "-o", fmt::format("ControlPath={}/%C", folder.string()),
          "-o", "ControlPersist=60"};
}

std::string quoted(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words)
    line += (line.empty() ? "" : " ") + ("'" + replace_all(word, "'", "'\\''") + "'");
  return line;
}

}  // namespace

std::vector<std::string> ssh_program() {
  const char* said = std::getenv("SIMSWARM_SSH");
  std::vector<std::string> words;
  for (const std::string_view word : split(said != nullptr ? said : "", ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words.empty() ? std::vector<std::string>{"ssh"} : words;
}

std::string last_words(const Answer& answer) {
  for (const std::string* text : {&answer.errors, &answer.output}) {
    const std::vector<std::string_view> all = lines(*text);
    const auto last = std::find_if(all.rbegin(), all.rend(), [](std::string_view line) { return !trim(line).empty(); });
    if (last != all.rend()) return clean_line(trim(*last), kLongestLine);
  }
  return fmt::format("exit code {}", answer.exit_code);
}

Result<Machine> Machine::at(const std::string& target) {
  if (target.empty() || is_target(target)) return Machine(target);
  return usage_error("«{}» is no machine: expected [user@]host or ssh://[user@]host:port", clean_line(target, 100));
}

std::vector<std::string> Machine::ssh_words(const std::vector<std::string>& options) const {
  std::vector<std::string> words = ssh_program();
  words.insert(words.end(), {"-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o",
                             "ServerAliveCountMax=3"});
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(target_);
  return words;
}

Result<Answer> Machine::run(const std::vector<std::string>& words, const Call& call) const {
  Subprocess subprocess;
  subprocess.argv = words;
  if (!is_here()) {
    std::vector<std::string> options = shared_connection();
    options.emplace_back("-T");
    subprocess.argv = ssh_words(options);
    subprocess.argv.emplace_back("--");
    subprocess.argv.push_back(quoted(words));
  }
  subprocess.folder = "/";
  subprocess.timeout = call.timeout;
  subprocess.input = call.input;
  subprocess.input_from = call.input_from;
  subprocess.output_to = call.output_to;
  SIMSWARM_TRY(Answer answer, simswarm::run(subprocess));
  if (!is_here() && answer.exit_code == kSshFailed)
    return environment_error("{} is not reached by SSH: {}", target_, last_words(answer));
  return answer;
}

Result<std::string> Machine::output(const std::vector<std::string>& words, const Call& call) const {
  SIMSWARM_TRY(const Answer answer, run(words, call));
  if (answer.exit_code == 0) return std::string(trim(answer.output));
  return environment_error("{}: `{}` failed: {}", name(), join(words, " "), last_words(answer));
}

}  // namespace simswarm::cluster
