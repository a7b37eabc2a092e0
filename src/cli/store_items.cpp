#include "cli/store_items.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace simswarm::cli {
namespace {

constexpr std::size_t kLeastDigits = 6;

bool is_hex(const std::string& word) {
  return word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Campaigns by id, with their names; those of which there are results only have none.
Result<std::map<std::string, std::string>> campaigns_of(store::Store& store) {
  std::map<std::string, std::string> campaigns;
  SIMSWARM_CHECK(store.back_end().each(store::kResults, {}, [&](const store::Document& document) -> Status {
    SIMSWARM_TRY(const store::RunRecord record, run_from(document));
    campaigns.try_emplace(record.made_by.attempt.campaign);
    return {};
  }));
  SIMSWARM_TRY(const auto records, store.campaigns());
  for (const store::CampaignRecord& record : records) campaigns[record.id] = record.name;
  return campaigns;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return text;
}

tl::unexpected<Error> ambiguous(const std::string& word, const std::vector<std::string>& ids) {
  return usage_error("«{}» may be any of {}, {} and {} among them", word, ids.size(), ids[0], ids[1]);
}

// Empty: it is none.
Result<std::string> campaign_among(const std::map<std::string, std::string>& campaigns, const std::string& word) {
  const std::string begin = upper(word);
  if (campaigns.contains(begin)) return begin;
  std::vector<std::string> found;
  for (const auto& [id, name] : campaigns) {
    if (name == word) found.push_back(id);
  }
  const bool is_name = !found.empty();
  for (const auto& [id, name] : campaigns) {
    if (!is_name && id.starts_with(begin)) found.push_back(id);
  }
  if (found.size() > 1) return ambiguous(word, found);
  return found.empty() ? std::string() : found.front();
}

// Results and blobs whose ids begin so.
Result<std::vector<StoreItem>> items_that_begin(store::Store& store, const std::string& word) {
  std::vector<StoreItem> items;
  const auto look = [&](const char* collection, StoreItem::Kind kind) -> Status {
    if (word.size() == 64) {
      SIMSWARM_TRY(const auto found, store.back_end().find(collection, {&word, 1}, store::Part::kBody));
      if (found.front()) items.push_back({kind, word});
      return {};
    }
    return store.back_end().each(collection, {}, [&](const store::Document& document) -> Status {
      if (document.id.starts_with(word)) items.push_back({kind, document.id});
      return {};
    });
  };
  SIMSWARM_CHECK(look(store::kResults, StoreItem::Kind::kRun));
  SIMSWARM_CHECK(look(store::kBlobs, StoreItem::Kind::kBlob));
  return items;
}

tl::unexpected<Error> unknown(const store::Store& store, const std::map<std::string, std::string>& campaigns,
                              const std::string& word, std::string_view what) {
  std::vector<std::string> candidates;
  for (const auto& [id, name] : campaigns) {
    candidates.push_back(id);
    if (!name.empty()) candidates.push_back(name);
  }
  const auto near = near_misses(word, candidates);
  return usage_error(
      "there is no {} «{}» in {}{}", what, word, store.shown(),
      near.empty() ? "; simswarm store ls shows what there is" : "; did you mean " + join(near, ", ") + "?");
}

}  // namespace

Result<StoreItem> find_item(store::Store& store, const std::string& word) {
  if (word.empty()) return usage_error("an empty word names nothing in {}", store.shown());
  SIMSWARM_TRY(const auto campaigns, campaigns_of(store));
  SIMSWARM_TRY(const std::string campaign, campaign_among(campaigns, word));
  if (!campaign.empty()) return StoreItem{StoreItem::Kind::kCampaign, campaign};
  if (is_hex(word) && word.size() >= kLeastDigits) {
    SIMSWARM_TRY(const auto items, items_that_begin(store, word));
    if (items.size() == 1) return items.front();
    if (items.size() > 1) return ambiguous(word, {items[0].id, items[1].id});
  }
  return unknown(store, campaigns, word, "campaign, key or digest");
}

Result<std::string> find_campaign_in(store::Store& store, const std::string& word) {
  SIMSWARM_TRY(const auto campaigns, campaigns_of(store));
  if (word.empty()) return usage_error("an empty word names no campaign in {}", store.shown());
  SIMSWARM_TRY(const std::string campaign, campaign_among(campaigns, word));
  if (campaign.empty()) return unknown(store, campaigns, word, "campaign");
  return campaign;
}

}  // namespace simswarm::cli
