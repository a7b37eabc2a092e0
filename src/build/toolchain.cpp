#include "build/toolchain.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "base/subprocess.h"
#include "base/text.h"
#include "build/toolchain_file.h"

namespace simswarm::build {
namespace {

constexpr double kLongestAnswer = 20;  // seconds that a compiler may take to tell its version

// Programs of a PATH.
class Programs {
 public:
  explicit Programs(std::string path) : path_(std::move(path)) {
    for (const std::string_view folder : split(path_, ':')) {
      if (folder.starts_with('/')) folders_.emplace_back(folder);
    }
  }

  // Its file, through links; nothing where there is none.
  [[nodiscard]] std::optional<fs::path> find(const std::string& name) const {
    for (const fs::path& folder : folders_) {
      std::error_code error;
      fs::path file = fs::canonical(folder / name, error);
      const std::string own = file.filename().string();
      const bool is_wrapper = own == "ccache" || own == "distcc" || own == "icecc" || own == "sccache";
      if (!error && !is_wrapper && fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0) return file;
    }
    return std::nullopt;
  }

  // The first line of what it answers; empty where it does not.
  [[nodiscard]] std::string ask(const fs::path& program, const std::string& word) const {
    const auto answer =
        run({{program.string(), word}, "/", {{"PATH", path_}, {"LC_ALL", "C"}}, std::nullopt, kLongestAnswer});
    if (!answer || answer->exit_code != 0) return {};
    return std::string(trim(std::string_view(answer->output).substr(0, answer->output.find('\n'))));
  }

 private:
  std::string path_;
  std::vector<fs::path> folders_;
};

class Inspection {
 public:
  explicit Inspection(const std::string& path) : programs_(path) {
    utsname system{};
    if (::uname(&system) == 0) parts_["machine"] = static_cast<const char*>(system.machine);
    for (const char* name : {"g++", "clang++", "c++", "gcc", "clang", "cc"}) add_compiler(name);
    for (const char* name : {"make", "cmake", "ninja", "ld", "as", "ar"}) add_program(name);
    add_omnetpp();
  }

  [[nodiscard]] Toolchain toolchain(const std::string& image) const {
    Hasher hasher;
    hasher.field("simswarm toolchain 1").field(image);
    for (const auto& [name, identity] : parts_) hasher.field(name).field(identity);
    return {image, hasher.finish().hex(), compiler_, omnetpp_};
  }

 private:
  void add(const std::string& name, const fs::path& file) {
    const std::string identity = identity_of(file);
    if (!identity.empty()) parts_[name] = identity;
  }

  void add_program(const std::string& name) {
    if (const auto file = programs_.find(name)) add(name, *file);
  }

  // cc and c++ are mostly another's name.
  void add_compiler(const std::string& name) {
    const auto file = programs_.find(name);
    if (!file) return;
    add(name, *file);
    if (known_.contains(*file)) return;
    known_[*file] = name;
    const bool is_clang = name.starts_with("clang");
    const std::string says = programs_.ask(*file, is_clang ? "--version" : "-dumpfullversion");
    const std::string version = is_clang ? version_in(says) : says;
    parts_[name + " says"] = says;
    if (compiler_.empty()) compiler_ = name + (version.empty() ? "" : " " + version);
    if (!is_clang) add_parts_of_gcc(name, *file);  // clang's code is in libraries, whose version it tells
  }

  // «14.0.6» of «Debian clang version 14.0.6».
  static std::string version_in(std::string_view line) {
    constexpr std::string_view before = "version ";
    const auto at = line.find(before);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = line.substr(at + before.size());
    return std::string(rest.substr(0, rest.find(' ')));
  }

  void add_parts_of_gcc(const std::string& name, const fs::path& compiler) {
    const bool is_cpp = name.ends_with("++");
    add_named(name + " cc1", programs_.ask(compiler, is_cpp ? "-print-prog-name=cc1plus" : "-print-prog-name=cc1"));
    if (!is_cpp) return;
    for (const std::string part : {"as", "ld"})
      add_named(fmt::format("{} {}", name, part), programs_.ask(compiler, "-print-prog-name=" + part));
    for (const std::string library : {"libstdc++.so", "libgcc.a", "libc.so.6", "libm.so.6", "crt1.o"})
      add_named(fmt::format("{} {}", name, library), programs_.ask(compiler, "-print-file-name=" + library));
  }

  // What the compiler does not find itself it names without a folder.
  void add_named(const std::string& name, const std::string& file) {
    if (file.starts_with('/')) {
      add(name, file);
    } else if (const auto found = file.empty() ? std::nullopt : programs_.find(file)) {
      add(name, *found);
    }
  }

  void add_omnetpp() {
    for (const char* name : {"opp_makemake", "opp_msgtool", "opp_msgc", "opp_run", "opp_featuretool"})
      add_program(name);
    const auto makemake = programs_.find("opp_makemake");
    const fs::path root = omnetpp_root(makemake);
    if (root.empty()) return;
    omnetpp_ = omnetpp_version(root);
    parts_["omnetpp version"] = omnetpp_;
    add("omnetpp Makefile.inc", root / "Makefile.inc");
    add("omnetpp configuration", root / "include" / "omnetpp" / "platdep" / "config.h");
    std::error_code error;
    for (auto at = fs::directory_iterator(root / "lib", error); !error && at != fs::directory_iterator();
         at.increment(error)) {
      const std::string file = at->path().filename().string();
      if (file.starts_with("libopp")) add("omnetpp " + file, at->path());
    }
  }

  // Above `bin`, or `src/utils` to which programs of `bin` are links.
  static fs::path omnetpp_root(const std::optional<fs::path>& makemake) {
    if (!makemake) return {};
    for (fs::path folder = makemake->parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
      std::error_code ignored;
      if (fs::exists(folder / "Makefile.inc", ignored) || fs::exists(folder / "Version", ignored)) return folder;
    }
    return {};
  }

  // «6.1.0» of a line «omnetpp-6.1.0».
  static std::string omnetpp_version(const fs::path& root) {
    const auto content = read_file(root / "Version");
    std::string_view version = content ? trim(*content) : std::string_view();
    version = version.substr(0, version.find('\n'));
    constexpr std::string_view before = "omnetpp-";
    return std::string(version.starts_with(before) ? version.substr(before.size()) : version);
  }

  Programs programs_;
  std::map<std::string, std::string> parts_;  // names and identities: no places, no times
  std::map<fs::path, std::string> known_;
  std::string compiler_;
  std::string omnetpp_;
};

}  // namespace

Result<Toolchain> toolchain_in(const std::string& path, const std::string& image) {
  return Inspection(path).toolchain(image);
}

Result<Toolchain> toolchain_here(const std::string& image) {
  static std::mutex mutex;
  static std::optional<Inspection> inspection;
  const std::scoped_lock lock(mutex);
  const char* path = std::getenv("PATH");
  if (!inspection) inspection.emplace(path == nullptr ? "/usr/bin:/bin" : path);
  return inspection->toolchain(image);
}

Digest build_key(const BuildKeyParts& parts) {
  Hasher hasher;
  hasher.field("simswarm build 1");
  hasher.field("tree").field(parts.tree);
  hasher.field("recipe").field(parts.recipe);
  hasher.field("mode").field(parts.mode);
  hasher.field("toolchain").field(parts.toolchain);
  for (const auto& [name, value] : parts.environment) hasher.field("environment").field(name).field(value);
  return hasher.finish();
}

}  // namespace simswarm::build
