// What is in a store, whether it is whole, and what nobody needs any more. Safe beside clients and workers that write;
// what several campaigns share stays as long as one of them does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace simswarm::store {

struct CampaignView {
  CampaignRecord record;
  bool is_known = true;            // false: it was removed, and results that it brought are still there
  std::size_t complete = 0;        // of its runs, whoever brought their results
  std::size_t conflicts = 0;       // results of it that differ from those that count
  std::uint64_t inline_bytes = 0;  // of its results, within documents
  std::uint64_t blob_bytes = 0;    // as they are stored; of those that it shares, too
  std::optional<Stamp> collected{};
  [[nodiscard]] std::uint64_t bytes() const { return inline_bytes + blob_bytes; }
};

struct Listing {
  std::vector<CampaignView> campaigns;  // newest first
  Usage usage;                          // what several share is counted once
  std::uint64_t unused_blobs = 0;       // that no campaign and no result names
  std::uint64_t unused_bytes = 0;       // of them, as they are stored
  std::optional<std::uint64_t> quota;
};

[[nodiscard]] Result<Listing> list_campaigns(Store& store);

// The keys of its runs by position. An error: its plan is missing or damaged, or the store is away.
[[nodiscard]] Result<std::vector<RunKey>> keys_in_plan(Store& store, const CampaignRecord& campaign);

// Something that is missing, or not as it was.
struct Damage {
  enum class What { kArtifact, kPlan, kResult, kConflict };
  What what = What::kResult;
  std::string campaign;  // its id
  std::string run;       // for people: «Config:load=2,#0»; empty: the campaign itself
  std::string document;  // that names it: the run's key, for results
  std::string trouble;
};

struct VerifyOptions {
  // Results that are damaged count no more, so that their runs run again; a damaged blob is written anew by the next
  // who brings it.
  bool repair = false;
  std::function<void(const Damage&)> on_damage = [](const Damage&) {};
  std::function<void(std::uint64_t done, std::uint64_t all)> on_progress = [](std::uint64_t, std::uint64_t) {};
};

struct Verified {
  std::uint64_t results = 0;  // and conflicts
  std::uint64_t blobs = 0;    // that something names; each is read once
  std::uint64_t bytes = 0;    // of content that was read
  std::uint64_t damaged = 0;  // calls of on_damage
};

// Reads all that campaigns and results name. An error: the store is away, or a document cannot be read.
[[nodiscard]] Result<Verified> verify(Store& store, const VerifyOptions& options);

struct GarbageOptions {
  // How old must be what goes without being asked for. Less than uploads take: only while nobody writes.
  std::chrono::seconds grace = kGrace;
  // Campaigns that were collected so long ago go; nothing: all stay.
  std::optional<std::chrono::seconds> collected_older_than{};
  bool dry_run = false;  // only looks; uploads that never ended are not counted then
};

// What went, or would go.
struct Freed {
  std::vector<std::string> campaigns;  // ids
  std::uint64_t results = 0;
  std::uint64_t result_bytes = 0;  // within documents
  std::uint64_t conflicts = 0;
  std::uint64_t attempts = 0;
  std::uint64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  std::uint64_t files = 0;  // that belonged to no blob
  std::uint64_t file_bytes = 0;
  Swept uploads;  // that never ended
  std::uint64_t uses = 0;
  [[nodiscard]] std::uint64_t bytes() const { return result_bytes + blob_bytes + file_bytes + uploads.bytes; }
};

[[nodiscard]] Result<Freed> collect_garbage(Store& store, const GarbageOptions& options);

// The campaign with its conflicts, its attempts, and results that are of no other campaign's runs. Its blobs go with
// the next collect_garbage(). Cut off, it can be called again.
[[nodiscard]] Result<Freed> remove_campaign(Store& store, const std::string& id);

}  // namespace simswarm::store
