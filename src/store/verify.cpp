// Whether what a store holds is whole: everything that campaigns and results name is read to its last byte.
#include <algorithm>
#include <map>

#include "base/stream.h"
#include "store/needs.h"
#include "store/upkeep.h"

namespace simswarm::store {
namespace {

constexpr std::size_t kGroup = 64;  // results whose archives are fetched at once, each at most kInline and its body

class NothingSink final : public Sink {
 public:
  Status write(std::string_view bytes) override {
    bytes_ += bytes.size();
    return {};
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
};

// What names a blob.
struct Owner {
  Damage::What what;
  std::string campaign;
  std::string run;
  std::string document;
};

const char* collection_of(Damage::What what) {
  switch (what) {
    case Damage::What::kArtifact:
    case Damage::What::kPlan:
      return kCampaigns;
    case Damage::What::kResult:
      return kResults;
    case Damage::What::kConflict:
      break;
  }
  return kConflicts;
}

// Empty: the archive within the document is what it was.
std::string fault_of(const RunRecord& record) {
  if (record.packed.size() != record.packed_size)
    return fmt::format("its archive has {} bytes instead of {}", record.packed.size(), record.packed_size);
  TextSource packed(record.packed);
  const auto unpacked = archive::decompress(packed);
  HashingSource content(*unpacked);
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
  while (true) {
    const auto got = content.read({buffer.get(), kPiece});
    if (!got) return got.error().message;
    if (content.size() > record.archive_size) break;  // however much more there is
    if (*got < kPiece) break;
  }
  if (content.size() != record.archive_size)
    return fmt::format("its archive unpacks to {} bytes or more, instead of {}", content.size(), record.archive_size);
  const Digest digest = content.digest();
  return digest == record.archive ? "" : "its archive has the digest " + digest.hex();
}

class Verifier {
 public:
  Verifier(Store& store, const VerifyOptions& options)
      : store_(store), back_end_(store.back_end()), options_(options) {}

  Result<Verified> run() {
    SIMSWARM_CHECK(note_owners());
    all_ = inline_.size() + owners_.size();
    for (std::size_t begin = 0; begin < inline_.size(); begin += kGroup)
      SIMSWARM_CHECK(check_inline(std::span(inline_).subspan(begin, std::min(kGroup, inline_.size() - begin))));
    for (const auto& [digest, owners] : owners_) {
      SIMSWARM_CHECK(check_blob(digest, owners));
      options_.on_progress(++done_, all_);
    }
    verified_.blobs = owners_.size();
    return verified_;
  }

 private:
  Status note_owners() {
    SIMSWARM_TRY(const auto campaigns, store_.campaigns());
    for (const CampaignRecord& record : campaigns) {
      owners_[record.artifact].push_back({Damage::What::kArtifact, record.id, "", record.id});
      owners_[record.plan].push_back({Damage::What::kPlan, record.id, "", record.id});
    }
    for (const auto what : {Damage::What::kResult, Damage::What::kConflict}) {
      SIMSWARM_CHECK(back_end_.each(collection_of(what), {}, [&](const Document& document) -> Status {
        if (is_distrusted(document)) return {};
        SIMSWARM_TRY(const RunRecord record, run_from(document));
        Owner owner{what, record.made_by.attempt.campaign, record.made_by.run, document.id};
        ++verified_.results;
        for (const Digest& digest : record.blobs()) owners_[digest].push_back(owner);
        if (record.packed_size > 0) inline_.push_back(std::move(owner));
        return {};
      }));
    }
    return {};
  }

  Status check_inline(std::span<const Owner> group) {
    for (const auto what : {Damage::What::kResult, Damage::What::kConflict}) {
      std::vector<const Owner*> owners;
      std::vector<std::string> ids;
      for (const Owner& owner : group) {
        if (owner.what == what) owners.push_back(&owner), ids.push_back(owner.document);
      }
      if (ids.empty()) continue;
      SIMSWARM_TRY(const auto documents, back_end_.find(collection_of(what), ids, Part::kAll));
      for (std::size_t i = 0; i < owners.size(); ++i) {
        options_.on_progress(++done_, all_);
        if (!documents[i]) continue;  // removed meanwhile
        SIMSWARM_TRY(const RunRecord record, run_from(*documents[i]));
        verified_.bytes += record.archive_size;
        const std::string fault = fault_of(record);
        if (!fault.empty()) SIMSWARM_CHECK(report(*owners[i], nullptr, fault));
      }
    }
    return {};
  }

  Status check_blob(const Digest& digest, const std::vector<Owner>& owners) {
    NothingSink sink;
    SIMSWARM_TRY(const Fetched fetched, store_.fetch(digest, sink));
    verified_.bytes += sink.bytes();
    if (fetched.state == Fetched::State::kWhole) return {};
    for (const Owner& owner : owners) {
      // Whoever names it may have gone with it meanwhile.
      SIMSWARM_TRY(const auto still, back_end_.find(collection_of(owner.what), {&owner.document, 1}, Part::kBody));
      if (still.front()) SIMSWARM_CHECK(report(owner, &digest, fetched.trouble));
    }
    return {};
  }

  // `blob` is null where the damage lies within the document.
  Status report(const Owner& owner, const Digest* blob, const std::string& trouble) {
    ++verified_.damaged;
    options_.on_damage({owner.what, owner.campaign, owner.run, owner.document, trouble});
    return options_.repair ? repair(owner, blob) : Status();
  }

  Status repair(const Owner& owner, const Digest* blob) {
    if (owner.what == Damage::What::kResult || owner.what == Damage::What::kConflict) {
      SIMSWARM_TRY(const auto found, back_end_.find(collection_of(owner.what), {&owner.document, 1}, Part::kAll));
      if (!found.front()) return {};
      SIMSWARM_TRY(const RunRecord record, run_from(*found.front()));
      const auto blobs = record.blobs();
      const bool is_it =
          blob == nullptr ? !fault_of(record).empty() : std::find(blobs.begin(), blobs.end(), *blob) != blobs.end();
      if (!is_it) return {};  // another one stands there by now
      SIMSWARM_CHECK(store_.distrust(record, {}));
      if (owner.what == Damage::What::kConflict) {
        SIMSWARM_TRY([[maybe_unused]] const bool gone, back_end_.remove(kConflicts, owner.document));
      }
    }
    if (blob == nullptr) return {};
    // So that has() says no, and whoever has it brings it again.
    SIMSWARM_TRY([[maybe_unused]] const bool gone, back_end_.remove(kBlobs, blob->hex()));
    return {};
  }

  Store& store_;
  BackEnd& back_end_;
  const VerifyOptions& options_;
  std::map<Digest, std::vector<Owner>> owners_;  // of blobs
  std::vector<Owner> inline_;                    // whose archives lie within them
  std::uint64_t done_ = 0;
  std::uint64_t all_ = 0;
  Verified verified_;
};

}  // namespace

Result<Verified> verify(Store& store, const VerifyOptions& options) {
  return Verifier(store, options).run();
}

}  // namespace simswarm::store
