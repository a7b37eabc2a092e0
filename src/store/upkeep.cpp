#include "store/upkeep.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "store/needs.h"

namespace simswarm::store {
namespace {

// Takes campaigns away. What other campaigns need stays.
class Remover {
 public:
  Remover(Store& store, bool dry_run, Freed& freed)
      : store_(store), back_end_(store.back_end()), dry_run_(dry_run), freed_(freed) {}

  Status remove(const std::vector<std::string>& campaigns) {
    if (campaigns.empty()) return {};
    SIMSWARM_TRY(const auto records, store_.campaigns());
    for (const CampaignRecord& record : records) {
      const bool goes = std::find(campaigns.begin(), campaigns.end(), record.id) != campaigns.end();
      (goes ? leaving_ : staying_).push_back(record);
    }
    SIMSWARM_CHECK(find_results(campaigns));
    for (const auto& [key, bytes] : results_) {
      SIMSWARM_CHECK(take(kResults, key));
      ++freed_.results;
      freed_.result_bytes += bytes;
    }
    for (const std::string& id : campaigns) SIMSWARM_CHECK(remove_rest(id));
    return {};
  }

  [[nodiscard]] const Going& gone() const { return gone_; }

 private:
  Status find_results(const std::vector<std::string>& campaigns) {
    // Of campaigns that are not there any more, too: their results had stayed for those that leave now.
    std::unordered_set<std::string> makers;
    for (const CampaignRecord& record : staying_) makers.insert(record.id);
    std::unordered_set<std::string> planned;
    for (const CampaignRecord& record : leaving_) {
      const auto keys = keys_in_plan(store_, record);
      if (!keys && keys.error().can_retry) return propagate(keys.error());
      if (!keys) continue;  // then what it brought itself is all that can be told
      for (const RunKey& key : *keys) planned.insert(key.digest.hex());
    }
    SIMSWARM_CHECK(back_end_.each(kResults, {}, [&](const Document& document) -> Status {
      SIMSWARM_TRY(const RunRecord record, run_from(document));
      const std::string& maker = record.made_by.attempt.campaign;
      const bool is_own = std::find(campaigns.begin(), campaigns.end(), maker) != campaigns.end();
      if (is_own || (planned.contains(document.id) && !makers.contains(maker)))
        results_[document.id] = record.packed_size + document.body.size();
      return {};
    }));
    for (const CampaignRecord& record : staying_) {
      if (results_.empty()) return {};
      SIMSWARM_TRY(const auto keys, keys_in_plan(store_, record));
      for (const RunKey& key : keys) results_.erase(key.digest.hex());
    }
    return {};
  }

  // The campaign's own document goes when nothing else is left of it, and its mark at last: so what was cut off can be
  // gone on with.
  Status remove_rest(const std::string& id) {
    SIMSWARM_CHECK(remove_all(kConflicts, id, freed_.conflicts));
    SIMSWARM_CHECK(remove_all(kAttempts, id, freed_.attempts));
    SIMSWARM_CHECK(take(kCampaigns, id));
    SIMSWARM_CHECK(take(kCollected, id));
    freed_.campaigns.push_back(id);
    return {};
  }

  Status remove_all(const char* collection, const std::string& campaign, std::uint64_t& count) {
    std::vector<std::string> ids;
    SIMSWARM_CHECK(back_end_.each(collection, {"campaign", campaign}, [&](const Document& document) -> Status {
      ids.push_back(document.id);
      return {};
    }));
    for (const std::string& id : ids) SIMSWARM_CHECK(take(collection, id));
    count += ids.size();
    return {};
  }

  Status take(const char* collection, const std::string& id) {
    if (dry_run_) return gone_.insert(std::string(collection) + "/" + id), Status();
    SIMSWARM_TRY([[maybe_unused]] const bool was_there, back_end_.remove(collection, id));
    return {};
  }

  Store& store_;
  BackEnd& back_end_;
  bool dry_run_;
  Freed& freed_;
  std::vector<CampaignRecord> leaving_, staying_;
  std::unordered_map<std::string, std::uint64_t> results_;  // that go, with their sizes
  Going gone_;                                              // in a dry run
};

bool is_blob_name(std::string_view name) {
  return name.ends_with(kPackedName) && Digest::parse(name.substr(0, name.size() - kPackedName.size())).has_value();
}

// Removes what nobody needs. Others may want a blob while it goes: they note a use, and then look whether the blob is
// still there (Store::has, BlobWriter::keep). Here the blob's document goes first, and then uses are looked at: so
// either they see that it is gone, or their use is seen here and the document comes back.
class Collector {
 public:
  Collector(Store& store, const GarbageOptions& options)
      : store_(store),
        back_end_(store.back_end()),
        options_(options),
        before_(system_clock().stamp() - options.grace) {}

  Result<Freed> run() {
    SIMSWARM_CHECK(remove_campaigns());
    SIMSWARM_CHECK(look());
    known_uses_ = needs_.uses;
    SIMSWARM_CHECK(remove_outdated());
    SIMSWARM_CHECK(remove_blobs());
    SIMSWARM_CHECK(remove_files());
    SIMSWARM_CHECK(remove_uses());
    if (!options_.dry_run) {
      SIMSWARM_TRY(freed_.uploads, back_end_.sweep(options_.grace));
    }
    return freed_;
  }

 private:
  static constexpr std::size_t kGroup = 1000;  // blobs for which references are looked at again at once

  Status look() {
    SIMSWARM_TRY(needs_, Needs::of(back_end_, going_));
    used_.clear();
    for (const auto& [id, use] : needs_.uses) {
      // One that has come since the first look counts however short the grace is, and whatever clock it goes by.
      const bool is_new = known_uses_ && !known_uses_->contains(id);
      if (is_new || use.since > before_) used_.insert(use.digest.hex());
    }
    return {};
  }

  [[nodiscard]] bool is_needed(const std::string& hex) const {
    return needs_.referenced.contains(hex) || used_.contains(hex);
  }

  Status remove_campaigns() {
    if (!options_.collected_older_than) return {};
    const Stamp before = system_clock().stamp() - *options_.collected_older_than;
    std::vector<std::string> ids;
    SIMSWARM_CHECK(back_end_.each(kCollected, {}, [&](const Document& document) -> Status {
      SIMSWARM_TRY(const std::int64_t when, number_from(document));
      if (Stamp(std::chrono::microseconds(when)) <= before) ids.push_back(document.id);
      return {};
    }));
    Remover remover(store_, options_.dry_run, freed_);
    SIMSWARM_CHECK(remover.remove(ids));
    going_ = remover.gone();
    return {};
  }

  // Who wants what they name makes it anew.
  Status remove_outdated() {
    for (const auto& [collection, id] : needs_.outdated) {
      if (!options_.dry_run) {
        SIMSWARM_TRY([[maybe_unused]] const bool was_there, back_end_.remove(collection, id));
      }
    }
    return {};
  }

  Status remove_blobs() {
    std::vector<Document> waste;
    SIMSWARM_CHECK(back_end_.each(kBlobs, {}, [&](Document document) -> Status {
      SIMSWARM_TRY(const BlobRecord record, blob_from(document));
      if (record.created <= before_ && !is_needed(document.id)) waste.push_back(std::move(document));
      return {};
    }));
    for (std::size_t begin = 0; begin < waste.size(); begin += kGroup)
      SIMSWARM_CHECK(remove_group(std::span(waste).subspan(begin, std::min(kGroup, waste.size() - begin))));
    return {};
  }

  Status remove_group(std::span<const Document> waste) {
    std::vector<const Document*> taken;
    for (const Document& document : waste) {
      if (!options_.dry_run) {
        SIMSWARM_TRY(const bool was_there, back_end_.remove(kBlobs, document.id));
        if (!was_there) continue;  // somebody else's
      }
      taken.push_back(&document);
    }
    if (!options_.dry_run) SIMSWARM_CHECK(look());
    for (const Document* document : taken) {
      SIMSWARM_TRY(const BlobRecord record, blob_from(*document));
      if (is_needed(document->id)) {
        SIMSWARM_TRY(const auto put_back, back_end_.insert(kBlobs, {document, 1}));
        if (put_back.front()) continue;  // else somebody has written it anew: this file is one too many
      }
      if (!options_.dry_run) SIMSWARM_CHECK(back_end_.remove_file(record.file));
      ++freed_.blobs;
      freed_.blob_bytes += record.stored;
    }
    return {};
  }

  // Files that look like ours, and that no blob has: their writers have died, or their blob was distrusted. What is
  // needed and has no document stays: it is read by its name.
  Status remove_files() {
    std::vector<FileRecord> waste;
    SIMSWARM_CHECK(back_end_.each_file([&](const FileRecord& file) -> Status {
      if (is_blob_name(file.name) && file.uploaded <= before_) waste.push_back(file);
      return {};
    }));
    if (waste.empty()) return {};
    std::unordered_map<std::string, std::string> file_of;  // by the blob's digest
    SIMSWARM_CHECK(back_end_.each(kBlobs, {}, [&](const Document& document) -> Status {
      SIMSWARM_TRY(const BlobRecord record, blob_from(document));
      file_of.emplace(document.id, record.file);
      return {};
    }));
    const auto digest = [](const FileRecord& file) {
      return file.name.substr(0, file.name.size() - kPackedName.size());
    };
    std::erase_if(waste, [&](const FileRecord& file) {
      const auto found = file_of.find(digest(file));
      return found != file_of.end() && found->second == file.id;
    });
    if (waste.empty()) return {};
    SIMSWARM_CHECK(look());  // after the documents: another collector may be about to put one back
    for (const FileRecord& file : waste) {
      if (!file_of.contains(digest(file)) && is_needed(digest(file))) continue;
      if (!options_.dry_run) SIMSWARM_CHECK(back_end_.remove_file(file.id));
      ++freed_.files;
      freed_.file_bytes += file.size;
    }
    return {};
  }

  Status remove_uses() {
    for (const auto& [id, use] : *known_uses_) {
      if (use.since > before_) continue;
      if (!options_.dry_run) {
        SIMSWARM_TRY([[maybe_unused]] const bool was_there, back_end_.remove(kUses, id));
      }
      ++freed_.uses;
    }
    return {};
  }

  Store& store_;
  BackEnd& back_end_;
  const GarbageOptions& options_;
  Stamp before_;  // what is older may go
  Going going_;   // in a dry run
  Needs needs_;
  std::optional<std::map<std::string, UseRecord>> known_uses_;  // of the first look
  std::unordered_set<std::string> used_;
  Freed freed_;
};

class Lister {
 public:
  explicit Lister(Store& store) : store_(store), back_end_(store.back_end()) {}

  Result<Listing> list() {
    SIMSWARM_CHECK(read_results());
    SIMSWARM_CHECK(read_campaigns());
    for (const auto& [key, held] : results_) {
      if (!held.is_planned) add(held, view_of(held.maker));
    }
    SIMSWARM_CHECK(read_conflicts());
    SIMSWARM_CHECK(read_marks());
    SIMSWARM_CHECK(sum_blobs());
    SIMSWARM_TRY(listing_.quota, store_.quota());
    for (auto& [id, view] : views_) listing_.campaigns.push_back(std::move(view));
    return std::move(listing_);
  }

 private:
  struct Held {
    std::string maker;
    std::uint64_t bytes = 0;  // within documents
    std::vector<Digest> blobs;
    bool is_planned = false;  // a campaign that is there has this run
  };

  CampaignView& view_of(const std::string& id) {
    const auto [found, is_new] = views_.try_emplace(id);
    if (is_new) found->second.record.id = id, found->second.is_known = false;
    return found->second;
  }

  void add(const Held& held, CampaignView& view) {
    ++view.complete;
    view.inline_bytes += held.bytes;
    for (const Digest& digest : held.blobs) blobs_of_[view.record.id].insert(digest.hex());
  }

  Status read_results() {
    return back_end_.each(kResults, {}, [&](const Document& document) -> Status {
      SIMSWARM_TRY(const RunRecord record, run_from(document));
      const std::uint64_t bytes = record.packed_size + document.body.size();
      results_[document.id] = {record.made_by.attempt.campaign, bytes, record.blobs(), false};
      listing_.usage.documents += bytes;
      return {};
    });
  }

  Status read_campaigns() {
    SIMSWARM_TRY(const auto records, store_.campaigns());
    for (const CampaignRecord& record : records) {
      CampaignView& view = views_[record.id];
      view.record = record;
      blobs_of_[record.id] = {record.artifact.hex(), record.plan.hex()};
      const auto keys = keys_in_plan(store_, record);
      if (!keys && keys.error().can_retry) return propagate(keys.error());
      if (!keys) continue;  // then what it brought itself counts; verify() names the plan
      for (const RunKey& key : *keys) {
        const auto held = results_.find(key.digest.hex());
        if (held == results_.end()) continue;
        held->second.is_planned = true;
        add(held->second, view);
      }
    }
    return {};
  }

  Status read_conflicts() {
    return back_end_.each(kConflicts, {}, [&](const Document& document) -> Status {
      if (is_distrusted(document)) return {};
      SIMSWARM_TRY(const RunRecord record, run_from(document));
      CampaignView& view = view_of(record.made_by.attempt.campaign);
      ++view.conflicts;
      for (const Digest& digest : record.blobs()) blobs_of_[view.record.id].insert(digest.hex());
      return {};
    });
  }

  Status read_marks() {
    return back_end_.each(kCollected, {}, [&](const Document& document) -> Status {
      SIMSWARM_TRY(const std::int64_t when, number_from(document));
      if (const auto found = views_.find(document.id); found != views_.end())
        found->second.collected = Stamp(std::chrono::microseconds(when));
      return {};
    });
  }

  Status sum_blobs() {
    std::unordered_map<std::string, std::uint64_t> stored;
    SIMSWARM_CHECK(back_end_.each(kBlobs, {}, [&](const Document& document) -> Status {
      SIMSWARM_TRY(const BlobRecord record, blob_from(document));
      stored[document.id] = record.stored;
      ++listing_.usage.blobs;
      listing_.usage.stored += record.stored;
      return {};
    }));
    std::unordered_set<std::string> named;
    for (auto& [id, view] : views_) {
      for (const std::string& digest : blobs_of_[id]) {
        named.insert(digest);
        if (const auto found = stored.find(digest); found != stored.end()) view.blob_bytes += found->second;
      }
    }
    for (const auto& [digest, bytes] : stored) {
      if (named.contains(digest)) continue;
      ++listing_.unused_blobs;
      listing_.unused_bytes += bytes;
    }
    return {};
  }

  Store& store_;
  BackEnd& back_end_;
  Listing listing_;
  std::map<std::string, CampaignView, std::greater<>> views_;  // newest first
  std::map<std::string, std::set<std::string>> blobs_of_;      // digests, by campaign
  std::unordered_map<std::string, Held> results_;              // by key
};

}  // namespace

Result<std::vector<RunKey>> keys_in_plan(Store& store, const CampaignRecord& campaign) {
  DigestBytes bytes{};
  constexpr std::size_t kMost = 100'000'000;
  if (campaign.runs > kMost)
    return environment_error("campaign {} has {} runs: more than {}", campaign.id, campaign.runs, kMost);
  TextSink sink(campaign.runs * bytes.size());
  SIMSWARM_TRY(const Fetched fetched, store.fetch(campaign.plan, sink));
  if (fetched.state != Fetched::State::kWhole)
    return environment_error("the plan of campaign {} cannot be had: {}", campaign.id, fetched.trouble);
  if (sink.text().size() != campaign.runs * bytes.size()) {
    return environment_error("campaign {} has {} runs, and keys for {}", campaign.id, campaign.runs,
                             sink.text().size() / bytes.size());
  }
  std::vector<RunKey> keys;
  for (std::size_t i = 0; i < campaign.runs; ++i) {
    std::copy_n(sink.text().begin() + static_cast<std::ptrdiff_t>(i * bytes.size()), bytes.size(), bytes.begin());
    keys.push_back({Digest::of_bytes(bytes)});
  }
  return keys;
}

Result<Listing> list_campaigns(Store& store) {
  return Lister(store).list();
}

Result<Freed> collect_garbage(Store& store, const GarbageOptions& options) {
  return Collector(store, options).run();
}

Result<Freed> remove_campaign(Store& store, const std::string& id) {
  Freed freed;
  SIMSWARM_CHECK(Remover(store, false, freed).remove({id}));
  return freed;
}

}  // namespace simswarm::store
