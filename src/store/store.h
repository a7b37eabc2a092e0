// The store: blobs by their digests, what is known of runs, and what belongs to which campaign. Nothing in it is
// changed once it is there; what is true is decided by who came first. Safe for several threads and processes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/compression.h"
#include "store/back_end.h"
#include "store/records.h"

namespace simswarm::store {

struct Blob {
  Digest digest;             // of the content
  std::uint64_t size = 0;    // of the content, in bytes
  std::uint64_t stored = 0;  // as it is stored
};

// What became of asking for a blob.
struct Fetched {
  enum class State { kWhole, kMissing, kDamaged };
  State state = State::kWhole;
  std::string trouble{};  // in words; names what is missing or differs
};

enum class Accepted {
  kNew,       // the outcome of this key from now on
  kEqual,     // there was one, and it is the same in canonical form
  kConflict,  // there was another one: this is kept beside it, and counts for nothing
};

// A blob on its way: compressed and digested as it is written. Not kept: as if it had not been.
class BlobWriter final : public Sink {
 public:
  BlobWriter(BackEnd& back_end, std::unique_ptr<FileWriter> file);
  [[nodiscard]] Status write(std::string_view bytes) override;
  [[nodiscard]] Result<Blob> keep();

 private:
  BackEnd& back_end_;
  std::unique_ptr<FileWriter> file_;
  HashingSink stored_;
  std::unique_ptr<Sink> compressed_;
  HashingSink content_;
};

// The content of a blob; checked as it is read: the end is said only of content that has its digest.
class BlobReader final : public Source {
 public:
  BlobReader(Digest digest, std::unique_ptr<Source> stored, bool is_packed, std::uint64_t size);
  [[nodiscard]] Result<std::size_t> read(std::span<char> buffer) override;
  // After an error: what is missing or differs. Empty: the store is away.
  [[nodiscard]] const std::string& damage() const { return damage_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  // bytes, as it was noted; 0: not known

 private:
  class Stored;
  tl::unexpected<Error> damaged(std::string what);

  Digest digest_;
  std::unique_ptr<Source> stored_;
  std::unique_ptr<Source> unpacked_;  // of stored_
  HashingSource content_;
  std::uint64_t size_;
  std::string damage_;
  bool is_checked_ = false;
};

struct Usage {
  std::uint64_t blobs = 0;      // number
  std::uint64_t stored = 0;     // bytes of them
  std::uint64_t documents = 0;  // bytes of results within documents
  [[nodiscard]] std::uint64_t bytes() const { return stored + documents; }
};

class Store {
 public:
  explicit Store(std::unique_ptr<BackEnd> back_end) : back_end_(std::move(back_end)) {}

  // Blobs. Content that is there already is not kept twice.
  [[nodiscard]] Result<std::unique_ptr<BlobWriter>> create_blob();
  [[nodiscard]] Result<Blob> put(Source& content);
  // Where it is there, it is safe from gc() for kGrace from now on.
  [[nodiscard]] Result<bool> has(const Digest& digest);
  // The same without a word to gc().
  [[nodiscard]] Result<bool> is_there(const Digest& digest);
  // Its bytes are damaged: from now on it is not there, and can be brought anew.
  [[nodiscard]] Status forget_blob(const Digest& digest);
  // Null: it is not there.
  [[nodiscard]] Result<std::unique_ptr<BlobReader>> open_blob(const Digest& digest);
  // Writes the content, checked to the last byte before kWhole is said. An error: the store is away, or the sink's own.
  [[nodiscard]] Result<Fetched> fetch(const Digest& digest, Sink& sink);

  // Runs. Blobs first, then what refers to them.
  [[nodiscard]] Status note_attempts(std::span<const AttemptRecord> attempts);
  [[nodiscard]] Result<std::vector<Accepted>> accept(std::span<const RunRecord> records);
  [[nodiscard]] Result<std::vector<std::optional<RunRecord>>> results(std::span<const RunKey> keys, Part part);
  // Those that were accepted together, whole.
  [[nodiscard]] Result<std::vector<RunRecord>> group(const std::string& group);
  [[nodiscard]] Result<std::optional<AttemptRecord>> attempt(const RunKey& key, const std::string& campaign,
                                                             int number);
  // The outcome turned out to be damaged: the key has none any more, and these of its blobs are not there any more.
  // What is known of it stays among the conflicts.
  [[nodiscard]] Status distrust(const RunRecord& record, const std::vector<Digest>& damaged);
  // Results that were not accepted because another was there, of one campaign.
  [[nodiscard]] Result<std::vector<RunRecord>> conflicts(const std::string& campaign);

  // Campaigns. Keeping one twice changes nothing.
  [[nodiscard]] Status keep_campaign(const CampaignRecord& record);
  [[nodiscard]] Result<std::optional<CampaignRecord>> campaign(const std::string& id);
  [[nodiscard]] Result<std::vector<CampaignRecord>> campaigns();  // newest first
  // Its runs are wanted no more; whoever is about to queue them looks here before and after.
  [[nodiscard]] Status note_cancelled(const std::string& campaign, Stamp when);
  [[nodiscard]] Result<bool> is_cancelled(const std::string& campaign);
  // Everything of it has been brought to where it was wanted.
  [[nodiscard]] Status note_collected(const std::string& campaign, Stamp when);

  // Sources and what was made of them; blobs first, then what refers to them. Of one that is noted twice the first
  // counts, unless it is forgotten. Kept for kKeepBuilds.
  [[nodiscard]] Status note(const SourceRecord& record);
  [[nodiscard]] Status note(const BuildRecord& record);
  [[nodiscard]] Status note(const PlanRecord& record);
  [[nodiscard]] Result<std::vector<std::optional<SourceRecord>>> sources(std::span<const std::string> trees);
  [[nodiscard]] Result<std::optional<BuildRecord>> build(const Digest& key);
  [[nodiscard]] Result<std::optional<PlanRecord>> plan(const Digest& id);
  // What it refers to is not there, or damaged.
  [[nodiscard]] Status forget_source(const std::string& tree);
  [[nodiscard]] Status forget_build(const Digest& key);
  [[nodiscard]] Status forget_plan(const Digest& id);

  // The kind of processor that a campaign keeps to: this one, if nobody has chosen another before.
  [[nodiscard]] Result<std::string> choose_cpu(const std::string& campaign, const std::string& cpu);

  // How much may be stored; nothing: as much as there is room for. Set by one at a time.
  [[nodiscard]] Status set_quota(std::optional<std::uint64_t> bytes);
  [[nodiscard]] Result<std::optional<std::uint64_t>> quota();
  [[nodiscard]] Result<Usage> usage();

  [[nodiscard]] const std::string& shown() const { return back_end_->shown(); }
  [[nodiscard]] BackEnd& back_end() { return *back_end_; }

 private:
  [[nodiscard]] Result<Accepted> accept_beside(const RunRecord& record, Document document);

  std::unique_ptr<BackEnd> back_end_;
};

// Names of collections.
inline constexpr const char* kResults = "results";
inline constexpr const char* kAttempts = "attempts";
inline constexpr const char* kConflicts = "conflicts";
inline constexpr const char* kCampaigns = "campaigns";
inline constexpr const char* kCollected = "collected";
inline constexpr const char* kCancelled = "cancelled";
inline constexpr const char* kSources = "sources";
inline constexpr const char* kBuilds = "builds";
inline constexpr const char* kPlans = "plans";
inline constexpr const char* kBlobs = "blobs";
inline constexpr const char* kUses = "uses";
inline constexpr const char* kSettings = "settings";

// How long a blob may wait for the document that refers to it, and a broken upload for somebody to go on with it.
inline constexpr std::chrono::hours kGrace{24};
// How long sources, builds and plans stay, and what newer sources are based on.
inline constexpr std::chrono::hours kKeepBuilds{30 * 24};
// Results whose compressed archive is smaller lie within their documents.
inline constexpr std::size_t kInline = std::size_t{64} * 1024;

// Where `fresh_url` is not null, a server that refuses our password is asked again with what that says.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const std::string& url, FreshUrl fresh_url = {});

}  // namespace simswarm::store
