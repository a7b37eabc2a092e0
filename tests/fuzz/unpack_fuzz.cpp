// Archives of strangers: whatever they say, nothing outside of the folder changes, and what they made can be packed and
// unpacked again.
#include "archive/tar.h"
#include "fuzz_support.h"

namespace simswarm::fuzz {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kSum = 148;    // where a header's sum stands, of 8 bytes
constexpr std::size_t kMagic = 257;  // where «ustar» stands

// A folder to unpack into, and what lies beside it.
class Ground {
 public:
  Ground() {
    require(make_folders(outside()).has_value(), "a folder can be made");
    beside_ = {identify_itself(scratch_.write("kept", "kept")).value(),
               identify_itself(scratch_.write("outside/kept", "kept")).value(), identify_itself(outside()).value()};
  }

  fs::path fresh() {
    for (const char* name : {"in", "again"}) {
      require(remove_tree(scratch_.folder() / name).has_value(), "what was unpacked can be removed");
      fs::create_directory(scratch_.folder() / name);
    }
    return scratch_.folder() / "in";
  }
  [[nodiscard]] fs::path again() const { return scratch_.folder() / "again"; }

  void expect_untouched() const {
    const std::vector<FileIdentity> now{identify_itself(scratch_.folder() / "kept").value(),
                                        identify_itself(outside() / "kept").value(),
                                        identify_itself(outside()).value()};
    require(now == beside_, "nothing outside of the folder changes");
    const auto beside = std::distance(fs::directory_iterator(scratch_.folder()), fs::directory_iterator());
    require(beside == 4, "nothing is made beside the folder");
  }

 private:
  [[nodiscard]] fs::path outside() const { return scratch_.folder() / "outside"; }
  Scratch scratch_;
  std::vector<FileIdentity> beside_;
};

// What looks like a header gets its sum, which a fuzzer would not find.
std::string with_sums(std::string_view input) {
  std::string tar(input);
  for (std::size_t at = 0; at + kBlock <= tar.size(); at += kBlock) {
    if (tar.compare(at + kMagic, 5, "ustar") != 0) continue;
    tar.replace(at + kSum, 8, 8, ' ');
    unsigned sum = 0;
    for (const char c : std::string_view(tar).substr(at, kBlock)) sum += static_cast<unsigned char>(c);
    tar.replace(at + kSum, 7, fmt::format("{:06o}", sum) + '\0');
  }
  return tar;
}

void expect_inside(const fs::path& folder) {
  std::error_code ignored;
  const fs::path whole = fs::canonical(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path leads_to = fs::weakly_canonical(entry.path(), ignored);
    require(leads_to.empty() || lies_in(whole, leads_to), "each link leads inside");
    require(entry.is_symlink() || entry.is_directory() || entry.is_regular_file(),
            "there are files, folders and links");
    if (entry.is_symlink()) continue;
    require((entry.status().permissions() & fs::perms(07022)) == fs::perms::none, "nobody else may write");
  }
}

void expect_comes_back(const fs::path& folder, const fs::path& again) {
  TextSink once;
  const auto packed = archive::pack(archive::entries_of(folder).value(), archive::Times::kKept, once);
  require(packed.has_value(), "what was unpacked can be packed");
  TextSource source(once.text());
  const auto unpacked = archive::unpack(source, again, archive::Times::kKept);
  require(unpacked.has_value(), "what was packed can be unpacked");
  require(unpacked->digest == packed->digest, "both know the same digest");
  TextSink twice;
  require(archive::pack(archive::entries_of(again).value(), archive::Times::kKept, twice).has_value() &&
              once.text() == twice.text(),
          "what was packed is packed again to the same bytes");
}

}  // namespace

void check(std::string_view input) {
  static Ground ground;
  const unsigned choice = take_choice(input, 2);
  const std::string tar = choice == 0 ? with_sums(input) : std::string(input);
  const fs::path folder = ground.fresh();
  TextSource source(tar);
  constexpr archive::UnpackLimits kLimits{.bytes = 1 << 20, .entries = 50};
  const auto done = archive::unpack(source, folder, archive::Times::kKept, kLimits);
  ground.expect_untouched();
  expect_inside(folder);
  if (!done) return;
  require(done->digest == digest_of(tar), "the digest is that of the whole archive");
  require(done->bytes <= kLimits.bytes && done->entries <= kLimits.entries, "the limits are held");
  expect_comes_back(folder, ground.again());
}

}  // namespace simswarm::fuzz
