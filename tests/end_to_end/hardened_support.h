// What the tests of a hardened machine share: who is still alive, programs of a test, a campaign of an ordinary user.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "support.h"

namespace simswarm::e2e {

struct Living {
  pid_t pid = 0;
  std::string words;  // its command line, divided by blanks
};

// Part of the command line, the environment or the working folder of everything that a project's campaigns start.
std::string mark_of(const Project& project);
// The word that brings the mark into the command line of a simulation.
std::string mark_word(const Project& project);
// A time for sleep(1) that no other test uses: marks programs whose environment is empty. `kind`: 1 to 9.
std::string nap_of(const Project& project, int kind);
// Processes of the project, zombies not counted.
std::vector<Living> living(const Project& project);
// Those whose command line has this text.
int living_with(const Project& project, std::string_view text);
// One line a process, for messages.
std::string living_text(const Project& project);
bool nothing_lives(const Project& project, double seconds = 10);

// Ends what a test that failed has left on the machine.
class Undertaker {
 public:
  explicit Undertaker(const Project& project) : project_(project) {}
  Undertaker(const Undertaker&) = delete;
  Undertaker& operator=(const Undertaker&) = delete;
  ~Undertaker();

 private:
  const Project& project_;
};

void write_program(const fs::path& path, std::string_view text);
// A folder beside the project in which every user may write.
fs::path open_folder(const Project& project, std::string_view name);
int count_of(const Process& process, std::string_view text);
// Bytes of all files below a folder.
std::uintmax_t bytes_below(const fs::path& folder);

// Puts tests/end_to_end/hardened_peer.cpp into the project, as ./peer.
void add_peer(const Project& project);

// simswarm by a user without privileges, who owns the project. Of root's test it is another user.
class Ordinary {
 public:
  explicit Ordinary(const Project& project);
  [[nodiscard]] Words words(const Words& simswarm_words) const;  // with simswarm's own name in front
  [[nodiscard]] Words as_user(const Words& words) const;

 private:
  fs::path program_;
};

}  // namespace simswarm::e2e
