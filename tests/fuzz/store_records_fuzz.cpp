// Documents of the store that somebody else may have written: what is read can be written, and read again as the same.
#include "fuzz_support.h"
#include "store/records.h"
#include "store/store_url.h"

namespace simswarm::fuzz {
namespace {

using store::Document;

// What is wrong is said in one line that can be shown.
template <typename Result>
bool is_read(const Result& result) {
  if (result) return true;
  require(!result.error().message.empty(), "an error says something");
  require(!result.error().can_retry, "what is wrong stays wrong");
  return false;
}

void check_attempt(const Document& document) {
  const auto record = store::attempt_from(document);
  if (!is_read(record)) return;
  const Document written = store::to_document(*record);
  require(document.id.starts_with(written.id), "an attempt belongs to its id");
  const auto again = store::attempt_from(written);
  require(again.has_value(), "an attempt that was written can be read");
  require(store::to_document(*again).body == written.body, "an attempt comes back");
}

void check_run(const Document& document) {
  const auto record = store::run_from(document);
  if (!is_read(record)) return;
  require(record->packed.empty() || record->packed.size() == record->packed_size, "data is as long as it says");
  const Document written = store::to_document(*record);
  const auto again = store::run_from(written);
  require(again.has_value(), "a result that was written can be read");
  require(store::to_document(*again).body == written.body, "a result comes back");
  require(again->in_blob() == record->in_blob(), "a result stays where it lies");
  for (const ResultFile& file : record->files) {
    const std::string inside = store::path_in_archive(file.path);
    require(!inside.starts_with('/') && inside != ".." && !inside.starts_with("../") &&
                inside.find("/../") == std::string::npos && !inside.ends_with("/.."),
            "a name in the archive stays inside");
  }
}

template <typename Record>
void check_same(const Document& document, Result<Record> (*from)(const Document&)) {
  const auto record = from(document);
  if (!is_read(record)) return;
  const Document written = store::to_document(*record);
  const auto again = from(written);
  require(again.has_value(), "a record that was written can be read");
  require(store::to_document(*again).body == written.body, "a record comes back");
}

void check_number(const Document& document) {
  const auto number = store::number_from(document);
  if (!is_read(number)) return;
  require(store::number_from(store::number_document("x", *number)) == *number, "a number comes back");
}

// The first part is the secret of a URL, wherever it stands.
void check_url(std::string_view text) {
  const std::string secret = "\x02" + std::string(take_part(text).substr(0, 20)) + "\x02";
  for (const std::string& url : {"mongodb://u:" + secret + "@" + std::string(text),
                                 "u:" + secret + "@" + std::string(text), std::string(text) + ":" + secret + "@host"}) {
    if (url.starts_with("directory:")) continue;  // has no secrets
    const auto address = store::parse_store_url(url);
    require(store::without_secrets(url).find(secret) == std::string::npos, "a secret is not shown");
    require(address || address.error().message.find(secret) == std::string::npos, "a secret is not said");
  }
}

}  // namespace

// The kind; the id; the body; the data.
void check(std::string_view input) {
  const unsigned kind = take_choice(input, 7);
  if (kind == 6) return check_url(input);
  std::string id(take_part(input));
  while (id.ends_with('\n')) id.pop_back();
  const std::string body(take_part(input));
  const Document document{id, body, std::string(input)};
  switch (kind) {
    case 0:
      return check_attempt(document);
    case 1:
      return check_run(document);
    case 2:
      return check_same<store::CampaignRecord>(document, store::campaign_from);
    case 3:
      return check_same<store::BlobRecord>(document, store::blob_from);
    case 4:
      return check_same<store::UseRecord>(document, store::use_from);
    default:
      return check_number(document);
  }
}

}  // namespace simswarm::fuzz
