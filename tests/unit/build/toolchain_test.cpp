#include "build/toolchain.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>

#include "base/subprocess.h"
#include "build/toolchain_file.h"
#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::Not;
using testing::StartsWith;

class ToolchainTest : public testing::Test {
 protected:
  Toolchain toolchain(const std::string& bin, const std::string& image = "") {
    const auto found = toolchain_in((folder_.path() / bin).string(), image);
    EXPECT_TRUE(found.has_value()) << error_of(found);
    return found.value_or(Toolchain{});
  }
  // A compiler that tells its version, and where its parts are.
  void compiler(const std::string& bin, const std::string& name, const std::string& version) {
    folder_.script(bin + "/" + name,
                   "case $1 in -dumpfullversion) echo " + version + ";; -print-prog-name=cc1plus) echo " +
                       (folder_.path() / bin / "cc1plus").string() + ";; -print-*) echo ${1#*=};; esac");
    folder_.script(bin + "/cc1plus", "translator");
  }
  TestFolder folder_;
};

TEST_F(ToolchainTest, IsNamedForPeople) {
  compiler("bin", "g++", "12.2.0");
  const Toolchain found = toolchain("bin", "registry/sim:1");
  EXPECT_EQ(found.compiler, "g++ 12.2.0");
  EXPECT_EQ(found.image, "registry/sim:1");
  EXPECT_EQ(found.omnetpp, "");
  EXPECT_EQ(found.id.size(), 64U);
}

TEST_F(ToolchainTest, OfAMachineWithoutCompilersIsOneToo) {
  folder_.folder("bin");
  EXPECT_EQ(toolchain("bin").compiler, "");
  EXPECT_NE(toolchain("bin").id, "");
}

TEST_F(ToolchainTest, IsTheSameWhereverTheFilesLieAndWheneverTheyCame) {
  for (const std::string bin : {"a/bin", "b/usr/bin"}) {
    folder_.script(bin + "/g++", "echo 12");
    folder_.script(bin + "/make", "make it");
  }
  fs::last_write_time(folder_ / "b/usr/bin/g++", fs::file_time_type::clock::now() - std::chrono::hours(1000));
  EXPECT_EQ(toolchain("a/bin").id, toolchain("b/usr/bin").id);
}

TEST_F(ToolchainTest, IsAnotherAfterEachChange) {
  compiler("bin", "g++", "12.2.0");
  folder_.script("bin/make", "make it");
  std::set<std::string> ids{toolchain("bin").id};
  const auto is_new = [&] { return ids.insert(toolchain("bin").id).second; };
  EXPECT_FALSE(is_new());
  EXPECT_TRUE(ids.insert(toolchain("bin", "image").id).second) << "the image";
  folder_.script("bin/cc1plus", "another translator");
  EXPECT_TRUE(is_new()) << "what the compiler calls";
  folder_.script("bin/make", "make it otherwise");
  EXPECT_TRUE(is_new()) << "make";
  folder_.script("bin/clang++", "echo 14");
  EXPECT_TRUE(is_new()) << "one more compiler";
  folder_.script("bin/ld", "link");
  EXPECT_TRUE(is_new()) << "the linker";
  folder_.script("bin/opp_makemake", "");
  EXPECT_TRUE(is_new()) << "OMNeT++";
}

TEST_F(ToolchainTest, KnowsOmnetppByItsFiles) {
  folder_.script("omnetpp-6.1/src/utils/opp_makemake", "");
  folder_.write("omnetpp-6.1/Version", "omnetpp-6.1.0\n");
  folder_.write("omnetpp-6.1/Makefile.inc", "CXX = g++\n");
  folder_.write("omnetpp-6.1/lib/liboppsim.so", "library");
  folder_.folder("bin");
  fs::create_symlink(folder_ / "omnetpp-6.1/src/utils/opp_makemake", folder_ / "bin/opp_makemake");
  const Toolchain before = toolchain("bin");
  EXPECT_EQ(before.omnetpp, "6.1.0");
  folder_.write("omnetpp-6.1/lib/liboppsim.so", "another library");
  EXPECT_NE(toolchain("bin").id, before.id);
}

TEST_F(ToolchainTest, LooksThroughCompilersThatAreCaches) {
  compiler("bin", "g++", "12.2.0");
  folder_.script("cache/ccache", "");
  fs::create_symlink("ccache", folder_ / "cache/g++");
  const auto through = toolchain_in((folder_ / "cache").string() + ":" + (folder_ / "bin").string(), "");
  ASSERT_TRUE(through.has_value());
  EXPECT_EQ(through->compiler, "g++ 12.2.0");
  EXPECT_EQ(through->id, toolchain("bin").id);
}

TEST(ToolchainHere, IsFoundQuicklyAndKept) {
  const auto begin = std::chrono::steady_clock::now();
  const auto found = toolchain_here("");
  const std::chrono::duration<double> first = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(found.has_value()) << error_of(found);
  EXPECT_THAT(found->compiler, Not(testing::IsEmpty()));
  RecordProperty("seconds", std::to_string(first.count()));
  EXPECT_LT(first.count(), 5) << "a tenth of a second where nothing else runs";
  const auto again = toolchain_here("image");
  EXPECT_EQ(again->compiler, found->compiler);
  EXPECT_NE(again->id, found->id) << "an image of its own is a toolchain of its own";
  EXPECT_EQ(toolchain_here("")->id, found->id);
}

TEST(ToolchainFile, HasTheBuildIdThatTheLinkerGave) {
  const TestFolder folder;
  folder.write("a.c", "int f(void) { return 1; }\n");
  const std::string id = "0123456789abcdef0123456789abcdef01234567";
  ASSERT_EQ(run({{"cc", "-shared", "-fPIC", "-Wl,--build-id=0x" + id, "-o", "a.so", "a.c"},
                 folder.path(),
                 {},
                 std::nullopt,
                 60})
                ->exit_code,
            0);
  const std::string elf = folder.read("a.so");
  EXPECT_EQ(build_id_of(elf), id);
  EXPECT_EQ(identity_of(folder / "a.so"), "build-id " + id + " of " + std::to_string(elf.size()) + " bytes");
}

TEST(ToolchainFile, WithoutOneIsKnownByItsContent) {
  const TestFolder folder;
  folder.write("script", "#!/bin/sh\n");
  EXPECT_THAT(identity_of(folder / "script"), StartsWith("content "));
  EXPECT_EQ(identity_of(folder / "nothing"), "");
  EXPECT_EQ(identity_of(folder.path()), "") << "a folder is none";
}

TEST(ToolchainFile, ThatIsBrokenHasNone) {
  std::string elf(256, '\0');
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  header.e_phoff = 64;
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = 120;
  segment.p_filesz = 136;
  const auto with = [&](Elf64_Nhdr note) {
    std::memcpy(elf.data(), &header, sizeof(header));
    std::memcpy(elf.data() + 64, &segment, sizeof(segment));
    std::memcpy(elf.data() + 120, &note, sizeof(note));
    std::memcpy(elf.data() + 132, "GNU", 4);
    return build_id_of(elf);
  };
  EXPECT_EQ(with({4, 2, NT_GNU_BUILD_ID}), "0000");
  EXPECT_EQ(with({4, 0xffffffff, NT_GNU_BUILD_ID}), std::nullopt);
  EXPECT_EQ(with({0xffffffff, 4, NT_GNU_BUILD_ID}), std::nullopt);
  segment.p_offset = ~std::uint64_t{0};
  EXPECT_EQ(with({4, 2, NT_GNU_BUILD_ID}), std::nullopt);
  header.e_phoff = ~std::uint64_t{0} - 8;
  EXPECT_EQ(with({4, 2, NT_GNU_BUILD_ID}), std::nullopt);
  for (std::size_t size = 0; size < elf.size(); ++size) EXPECT_EQ(build_id_of(elf.substr(0, size)), std::nullopt);
}

TEST(BuildKey, TellsEachPartApart) {
  const BuildKeyParts parts{"sha1:aa", "recipe 1", "release", {{"A", "1"}}, "tool"};
  std::set<std::string> keys{build_key(parts).hex()};
  EXPECT_EQ(build_key(parts).hex(), *keys.begin());
  const auto is_new = [&](const BuildKeyParts& other) { return keys.insert(build_key(other).hex()).second; };
  EXPECT_TRUE(is_new({"sha1:ab", "recipe 1", "release", {{"A", "1"}}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 2", "release", {{"A", "1"}}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 1", "debug", {{"A", "1"}}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 1", "release", {{"A", "2"}}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 1", "release", {}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 1", "release", {{"A", "1"}, {"B", ""}}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 1", "release", {{"A1", ""}}, "tool"}));
  EXPECT_TRUE(is_new({"sha1:aa", "recipe 1", "release", {{"A", "1"}}, "tools"}));
  EXPECT_EQ(build_key({"t", "r", "m", {}, "c"}).hex(),
            "38ab2aaf0604284cc7a3c00f453cf7c1f5ebda97b31eb21e159bf6528849f53b")
      << "keys that are stored stay valid";
}

}  // namespace
}  // namespace simswarm::build
