// The bound of starting processes: posix_spawn in a loop, so many at once, each with two output files, and nothing
// else.
//   spawn_loop COUNT AT_ONCE FOLDER PROGRAM [ARGUMENT]
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <iostream>
#include <string>

extern char** environ;

int main(int count, char** words) {
  if (count < 5) {
    std::cerr << "spawn_loop COUNT AT_ONCE FOLDER PROGRAM [ARGUMENT]\n";
    return 2;
  }
  const int runs = std::atoi(words[1]);
  const int at_once = std::atoi(words[2]);
  const std::string folder = words[3];
  int running = 0;
  for (int i = 0; i < runs || running > 0;) {
    if (i < runs && running < at_once) {
      posix_spawn_file_actions_t files;
      posix_spawn_file_actions_init(&files);
      const std::string output = folder + "/" + std::to_string(i) + ".out";
      const std::string errors = folder + "/" + std::to_string(i) + ".err";
      posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      posix_spawn_file_actions_addopen(&files, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      pid_t pid = 0;
      if (posix_spawnp(&pid, words[4], &files, nullptr, words + 4, environ) != 0) return 1;
      posix_spawn_file_actions_destroy(&files);
      ++running;
      ++i;
      continue;
    }
    int status = 0;
    if (wait(&status) < 0 || status != 0) return 1;
    --running;
  }
  return 0;
}
