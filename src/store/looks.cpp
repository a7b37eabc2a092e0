#include "store/looks.h"

#include <algorithm>

namespace simswarm::store {

Status each_attempt(Store& store, const std::string& campaign, const std::function<void(AttemptRecord)>& visit) {
  return store.back_end().each(kAttempts, {"campaign", campaign, Part::kBody}, [&](const Document& document) -> Status {
    if (Result<AttemptRecord> record = attempt_from(document)) visit(std::move(*record));
    return {};
  });
}

Result<std::vector<std::optional<AttemptRecord>>> attempts(Store& store, const std::string& campaign,
                                                           std::span<const AttemptName> names, Part part) {
  std::vector<std::string> ids;
  ids.reserve(names.size());
  for (const AttemptName& name : names) {
    Attempt attempt;
    attempt.key = name.key;
    attempt.campaign = campaign;
    attempt.number = name.number;
    ids.push_back(id_of(attempt));
  }
  SIMSWARM_TRY(const auto found, store.back_end().find(kAttempts, ids, part));
  std::vector<std::optional<AttemptRecord>> records;
  records.reserve(found.size());
  for (const std::optional<Document>& document : found) {
    records.emplace_back();
    if (!document) continue;
    if (Result<AttemptRecord> record = attempt_from(*document)) records.back() = std::move(*record);
  }
  return records;
}

Result<std::vector<BuildRecord>> builds(Store& store) {
  std::vector<BuildRecord> records;
  SIMSWARM_CHECK(store.back_end().each(kBuilds, {}, [&](const Document& document) -> Status {
    if (Result<BuildRecord> record = build_from(document)) records.push_back(std::move(*record));
    return {};
  }));
  std::ranges::sort(records, [](const BuildRecord& a, const BuildRecord& b) { return a.created > b.created; });
  return records;
}

}  // namespace simswarm::store
