// What `simswarm store` is asked about, and bringing the files of it.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "store/store.h"

namespace simswarm::cli {

struct StoreItem {
  enum class Kind { kCampaign, kRun, kBlob };
  Kind kind = Kind::kCampaign;
  std::string id;  // whole: of the campaign, the key, the digest
};

// By a campaign's name or id, a key, a digest, or a beginning of one of them. A near miss is named.
[[nodiscard]] Result<StoreItem> find_item(store::Store& store, const std::string& word);
// Likewise; anything else than a campaign is an error.
[[nodiscard]] Result<std::string> find_campaign_in(store::Store& store, const std::string& word);

// simswarm store get
[[nodiscard]] Result<ExitCode> get_from(store::Store& store, const UpkeepArguments& arguments);

}  // namespace simswarm::cli
