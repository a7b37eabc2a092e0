// Random sequences of edits in a warm checkout give what clean builds give.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "checkout_support.h"
#include "source/checkout.h"

namespace simswarm::source {
namespace {

// Each source notes its name and a number that its headers have a part in; the program prints all that are linked.
constexpr std::string_view kMakefile = R"(CFLAGS := -O0 -w -Iinc -Ilib -DFLAVOUR=FLAVOUR_HERE
SRCS := $(sort $(wildcard src/*.c src/*/*.c lib/*.c))
OBJS := $(patsubst %.c,out/%.o,$(SRCS)) out/gen.o
prog: $(OBJS)
	gcc -o $@ $(OBJS)
out/%.o: %.c
	@mkdir -p $(@D)
	gcc $(CFLAGS) -MMD -MP -c $< -o $@
out/gen.o: out/gen.c
	gcc -c $< -o $@
out/gen.c: data/list.txt gen.sh $(SRCS)
	@mkdir -p out
	sh gen.sh $(SRCS) > $@
-include $(patsubst %.c,out/%.d,$(SRCS))
)";
constexpr std::string_view kMain = R"(int printf(const char*, ...);
extern const char* generated;
static long sum;
void note(const char* name, int value) { printf("%s %d\n", name, value); sum = sum * 31 + value; }
int main() { printf("%s\nsum %ld\n", generated, sum); return 0; }
)";

class Project {
 public:
  Project(const Origin& origin, unsigned seed) : origin_(origin), random_(seed) {}

  void start() {
    makefile();
    origin_.write("gen.sh", gen_script(0));
    origin_.write("data/list.txt", "list 0");
    origin_.write("src/main.c", kMain);
    for (const char* header : {"inc/common.h", "inc/util.h", "inc/types.h", "lib/lib.h", "lib/more.h"})
      header_file(header);
    for (const char* source : {"src/a.c", "src/b.c", "src/c.c", "src/net/a.c", "src/net/d.c", "lib/e.c", "lib/f.c"})
      source_file(source);
    fs::create_symlink("c.c", origin_.work() / "src/link.c");
  }

  // The name of what was done.
  std::string edit() {
    switch (below(16)) {
      case 0:
        makefile();
        return "flags";
      case 1:
        origin_.write("gen.sh", gen_script(below(100)));
        return "script";
      case 2:
        origin_.write("data/list.txt", fmt::format("list {}", below(100)));
        return "data";
      case 3:
        return remove_source();
      case 4:
      case 5:
        return sources().size() < kSources ? add_source() : remove_source();
      case 6:
        return rename_source();
      case 7:
        return shadow();
      case 8:
        return link();
      case 9:
        return maybe();
      case 10:
      case 11:
      case 12:
        return change(headers());
      default:
        return change(sources());
    }
  }
  int below(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most)); }

 private:
  static constexpr std::size_t kSources = 11;
  [[nodiscard]] std::string gen_script(int number) const {
    return fmt::format("echo \"const char* generated = \\\"{} $(cat data/list.txt) $*\\\";\"\n", number);
  }
  void makefile() {
    origin_.write("Makefile", replace_all(std::string(kMakefile), "FLAVOUR_HERE", std::to_string(below(9))));
  }
  void header_file(const std::string& name) {
    const std::string guard = fs::path(name).stem().string();
    origin_.write(name, fmt::format("#undef H_{0}\n#define H_{0} {1}\n", guard, below(1000)));
  }
  void source_file(const std::string& name) {
    static const std::vector<std::string> kHeaders{"common", "util", "types", "lib", "more"};
    const std::string& one = kHeaders[static_cast<std::size_t>(below(5))];
    const std::string& two = kHeaders[static_cast<std::size_t>(below(5))];
    origin_.write(name,
                  fmt::format("#include \"{0}.h\"\n#include \"{1}.h\"\n"
                              "#if __has_include(\"maybe.h\")\n#include \"maybe.h\"\n#else\n#define H_maybe 0\n#endif\n"
                              "void note(const char*, int);\n"
                              "static void __attribute__((constructor)) f(void) {{\n"
                              "  note(__FILE__, {2} + H_{0} + 3 * H_{1} + H_maybe + FLAVOUR);\n}}\n",
                              one, two, below(1000)));
  }
  [[nodiscard]] std::vector<std::string> with(const std::string& ending) const {
    std::vector<std::string> found;
    for (const auto& file : fs::recursive_directory_iterator(origin_.work())) {
      if (file.is_regular_file() && !file.is_symlink() && file.path().extension() == ending)
        found.push_back(file.path().lexically_relative(origin_.work()).string());
    }
    std::erase(found, "src/main.c");
    std::sort(found.begin(), found.end());
    return found;
  }
  [[nodiscard]] std::vector<std::string> sources() const { return with(".c"); }
  [[nodiscard]] std::vector<std::string> headers() const { return with(".h"); }
  std::string one_of(const std::vector<std::string>& names) {
    return names[static_cast<std::size_t>(below(static_cast<int>(names.size())))];
  }
  std::string change(const std::vector<std::string>& names) {
    const std::string name = one_of(names);
    name.ends_with(".h") ? header_file(name) : source_file(name);
    return "change " + name;
  }
  std::string remove_source() {
    if (sources().size() < 5) return add_source();
    const std::string name = one_of(sources());
    if (name == "src/c.c") return change({name});  // a link leads to it
    origin_.remove(name);
    return "remove " + name;
  }
  std::string add_source() {
    const std::vector<std::string> folders{"src/", "lib/", "src/net/", "src/sub/"};
    const std::string name = one_of(folders) + static_cast<char>('a' + below(12)) + ".c";
    source_file(name);
    return "add " + name;
  }
  std::string rename_source() {
    const std::string name = one_of(sources());
    if (name == "src/c.c") return change({name});
    const std::string to = fmt::format("{}/r{}.c", one_of({"src", "lib"}), below(5));
    fs::rename(origin_.work() / name, origin_.work() / to);
    return "rename " + name + " to " + to;
  }
  // A header beside the sources, which comes before those of other folders; or it goes again.
  std::string shadow() {
    const std::string name = one_of({"src/", "src/net/", "lib/"}) + one_of({"common.h", "util.h", "types.h"});
    if (fs::exists(origin_.work() / name)) {
      origin_.remove(name);
      return "unshadow " + name;
    }
    if (fs::exists(origin_.work() / fs::path(name).parent_path())) header_file(name);
    return "shadow " + name;
  }
  std::string link() {
    fs::remove(origin_.work() / "src/link.c");
    const std::string target = one_of(sources());
    fs::create_symlink(fs::path("..") / target, origin_.work() / "src/link.c");
    if (below(2) == 0) fs::remove(origin_.work() / "src/link.c");
    return "link to " + target;
  }
  std::string maybe() {
    if (fs::exists(origin_.work() / "inc/maybe.h"))
      origin_.remove("inc/maybe.h");
    else
      header_file("inc/maybe.h");
    return "maybe";
  }

  const Origin& origin_;
  std::mt19937 random_;
};

class Sequences : public testing::Test {
 protected:
  [[nodiscard]] static std::string make(const fs::path& folder) {
    int code = 0;
    const std::string output = shell(folder, "make -s -j2 2>&1", &code);
    if (code != 0) return "failed";  // a link that leads nowhere, two notes of one name: as it is in a clean build
    return shell(folder, "./prog");
  }
  [[nodiscard]] std::string clean_build(const TreeId& tree) {
    const auto [at, is_new] = known_.try_emplace(tree);
    if (is_new) {
      EXPECT_EQ(error_of(clean_.move_to(tree, "make")), "no error");
      EXPECT_EQ(error_of(clean_.clean()), "no error");
      at->second = make(clean_.tree());
    }
    return at->second;
  }
  // A build that ends with SIGKILL, of all of it, somewhere.
  void killed_build(int milliseconds) {
    EXPECT_EQ(error_of(warm_.build_begins()), "no error");
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nothing, STDOUT_FILENO);
      ::dup2(nothing, STDERR_FILENO);
      ::execlp("make", "make", "-s", "-j2", "-C", warm_.tree().c_str(), nullptr);
      ::_exit(1);
    }
    ::setpgid(child, child);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));  // not waiting: where it is killed
    ::kill(-child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(wait_until([&] { return ::kill(-child, 0) != 0; }));
  }
  void send(const TreeId& tree) {
    if (!sent_.insert(tree).second) return;
    EXPECT_EQ(error_of(import(trees_, origin_.pack(tree), tree)), "no error");
  }
  // The tree is moved to, built, and held against a clean build.
  void step(const TreeId& tree, const std::string& story) {
    send(tree);
    const auto moved = warm_.move_to(tree, "make");
    ASSERT_EQ(error_of(moved), "no error") << story;
    cleaned_ += moved->cleaned ? 1 : 0;
    EXPECT_EQ(error_of(warm_.build_begins()), "no error");
    const std::string built = make(warm_.tree());
    EXPECT_EQ(error_of(warm_.build_ends()), "no error");
    ASSERT_EQ(built, clean_build(tree)) << story << "\n" << moved->why << "\n" << join(moved->changed, " ");
    built_ += built == "failed" ? 0 : 1;
  }

  TestFolder folder_;
  Origin origin_{folder_};
  Trees trees_ = Trees::open(folder_ / "trees").value();
  Checkout warm_ = Checkout::open(folder_ / "warm", trees_).value();
  Checkout clean_ = Checkout::open(folder_ / "clean", trees_).value();
  std::map<TreeId, std::string> known_;
  std::set<TreeId> sent_;
  int cleaned_ = 0;
  int built_ = 0;
};

TEST_F(Sequences, EqualCleanBuilds) {
  // All of them in a group of ./check --full, and a sample else.
  const char* const all = std::getenv("SIMSWARM_FAULTS");
  const unsigned kSequences = all != nullptr && std::string_view(all) == "all" ? 50 : 8;
  constexpr int kSteps = 2;
  std::vector<TreeId> earlier;
  for (unsigned seed = 0; seed < kSequences && !HasFailure(); ++seed) {
    Project project(origin_, seed);
    if (seed == 0) project.start();
    std::string story = fmt::format("sequence {}:", seed);
    for (int i = 0; i < kSteps && !HasFailure(); ++i) {
      for (int edits = 1 + project.below(2); edits > 0; --edits) story += " " + project.edit() + ";";
      TreeId tree = origin_.tree();
      if (!earlier.empty() && project.below(4) == 0) {
        tree = earlier[static_cast<std::size_t>(project.below(static_cast<int>(earlier.size())))];
        story += " back to " + tree.text + ";";
      }
      if (project.below(4) == 0 && i > 0) {
        send(tree);
        ASSERT_EQ(error_of(warm_.move_to(tree, "make")), "no error") << story;
        killed_build(project.below(150));
        story += " a killed build;";
        if (project.below(2) == 0) tree = origin_.tree();
      }
      step(tree, story);
      earlier.push_back(tree);
    }
  }
  const int most = static_cast<int>(kSequences) * kSteps * 3 / 4;
  EXPECT_GT(built_, most) << "most trees can be built";
  EXPECT_LT(cleaned_, most) << "and much is kept";
  RecordProperty("cleaned", cleaned_);
}

}  // namespace
}  // namespace simswarm::source
