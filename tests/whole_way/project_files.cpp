#include "project_files.h"

#include "base/text.h"

namespace simswarm::whole {
namespace {

constexpr const char* kMakefile = R"(objects = main.o note.o tuning.o
PROGRAM: $(objects) | gate.done
	g++ -o $@ $(objects) LIBRARY
%.o: %.cc
	@echo $< >>compiled.list
	g++ -O0 -c -o $@ $<
.PHONY: gate.done
gate.done:
	@touch at-gate; while [ -e gate ] && [ ! -e go ]; do sleep 0.02; done
)";

constexpr const char* kIgnored = "*.o\n/PROGRAM\n/results/\n/compiled.list\n/at-gate\n/go\n*.ignored\n.simswarm/\n";

// Who asks what there is to run is noted apart. No headers: they cost more than the rest.
constexpr const char* kNote = R"(extern "C" {
int open(const char*, int, ...);
long write(int, const void*, unsigned long);
int close(int);
int access(const char*, int);
int usleep(unsigned);
int snprintf(char*, unsigned long, const char*, ...);
unsigned long strlen(const char*);
}
static void add(const char* file, const char* word) {
  char line[200];
  snprintf(line, sizeof(line), "%s\n", word);
  const int to = open(file, 02001 | 0100, 0666);
  write(to, line, strlen(line));
  close(to);
}
static void wait_for(const char* file) {
  while (access(file, 0) == 0) usleep(20000);
}
void note_question() {
  add("OUTSIDE/asked", "asked");
  wait_for("OUTSIDE/hold-plan");
}
void note_run(const char* number) {
  char held[1000];
  snprintf(held, sizeof(held), "OUTSIDE/hold-%s", number);
  add("OUTSIDE/executions", number);
  wait_for("OUTSIDE/hold");
  wait_for(held);
}
)";

constexpr const char* kSimulationMain = R"(int cmdsim_main(int, char**);
void note_question();
void note_run(const char*);
extern const char* const kTuning;
int main(int argc, char** argv) {
  const char* run = nullptr;
  char* all[200];
  for (int i = 0; i < argc; ++i) {
    const char* word = all[i] = argv[i];
    if (word[0] == '-' && word[1] == 'r' && word[2] == 0 && i + 1 < argc) run = argv[i + 1];
  }
  for (int i = 1; i < argc; ++i) {
    const char* word = argv[i];
    if (word[0] == '-' && (word[1] == 'q' || word[1] == 'a' || word[1] == 'e' || word[1] == 'h' || word[1] == 'v')) run = nullptr;
  }
  if (run) note_run(run); else note_question();
  all[argc] = const_cast<char*>(kTuning);
  all[argc + 1] = nullptr;
  return cmdsim_main(argc + 1, all);
}
)";

constexpr const char* kProgramMain = R"(extern "C" {
void* fopen(const char*, const char*);
int fclose(void*);
int fprintf(void*, const char*, ...);
int snprintf(char*, unsigned long, const char*, ...);
}
void note_run(const char*);
extern const char* const kTuning;
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  note_run(argv[1]);
  char path[4096];
  snprintf(path, sizeof(path), "%s/out.txt", argv[2]);
  void* const file = fopen(path, "w");
  if (!file) return 1;
  fprintf(file, "run %s %s\n", argv[1], kTuning);
  return fclose(file);
}
)";

}  // namespace

void run_in(const fs::path& folder, const std::string& line) {
  const TestFolder logs;
  jobs::Program program({"/bin/sh", "-ec", "cd \"$0\" && " + line, folder}, logs / "log",
                        {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                         {"GIT_CONFIG_SYSTEM", "/dev/null"},
                         {"GIT_AUTHOR_NAME", "A"},
                         {"GIT_AUTHOR_EMAIL", "a@example.org"},
                         {"GIT_COMMITTER_NAME", "A"},
                         {"GIT_COMMITTER_EMAIL", "a@example.org"}});
  EXPECT_EQ(program.wait(std::chrono::seconds(120)), 0) << line << "\n" << program.log();
}

void ProjectFiles::write(const std::string& name, const std::string& text) const {
  const fs::path file = folder_ / name;
  fs::create_directories(file.parent_path());
  EXPECT_TRUE(write_file(file, text).has_value()) << file;
}

std::string ProjectFiles::read(const std::string& name) const {
  return read_file(folder_ / name).value_or("");
}

void ProjectFiles::git(const std::string& words) const {
  run_in(folder_, "git " + words);
}

void ProjectFiles::tune(int how) const {
  write("tuning.cc",
        fmt::format("extern const char* const kTuning;\nconst char* const kTuning = \"--Net.sink.tuning={}\";\n", how));
}

void ProjectFiles::break_it() const {
  write("tuning.cc", "extern const char* const kTuning;\nconst char* const kTuning = ;\n");
  // What fails waits at the gate too: make begins nothing more once something has failed, and the gate might not be
  // reached.
  write("Makefile", read("Makefile") + "tuning.o: | gate.done\n");
}

void ProjectFiles::make_common(const fs::path& outside, const std::string& program) const {
  write(".gitignore", replace_all(kIgnored, "PROGRAM", program));
  write("note.cc", replace_all(kNote, "OUTSIDE", outside.string()));
  tune(1);
  git("init -q");
}

void ProjectFiles::make_simulation(const std::string& ini, const fs::path& outside) const {
  make_common(outside, "sim");
  write("Makefile", replace_all(replace_all(kMakefile, "PROGRAM", "sim"), "LIBRARY", "lib/libengine.a"));
  write("main.cc", kSimulationMain);
  write("omnetpp.ini", ini);
  fs::create_directories(folder_ / "lib");
  fs::copy_file(ENGINE, folder_ / "lib/libengine.a");
  commit();
}

void ProjectFiles::make_whole_simulation(const std::string& ini) const {
  fs::copy(CMDSIM_SOURCES, folder_, fs::copy_options::recursive);
  fs::remove(folder_ / "CMakeLists.txt");
  write(".gitignore", "*.o\n*.d\n/sim\n/results/\n.simswarm/\n");
  write("Makefile",
        "sim: $(patsubst %.cpp,%.o,$(wildcard *.cpp))\n\tg++ -o $@ $^\n"
        "%.o: %.cpp\n\tg++ -std=c++20 -O0 -MMD -c -o $@ $<\n-include $(wildcard *.d)\n");
  write("omnetpp.ini", ini);
  git("init -q");
  commit();
}

void ProjectFiles::make_program(const fs::path& outside) const {
  make_common(outside, "program");
  write("Makefile", replace_all(replace_all(kMakefile, "PROGRAM", "program"), "LIBRARY", ""));
  write("main.cc", kProgramMain);
  commit();
}

}  // namespace simswarm::whole
