#include "fault_proxy.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

sockaddr_un address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_LT(path.string().size(), sizeof(address.sun_path)) << path;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

Fd make_socket() {
  return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

// A client that has gone is no failure of the proxy.
bool send_all(const Fd& to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool read_some(const Fd& from, std::string& to) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
  if (count <= 0) return false;
  to.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

// Where the value ends that begins at a place of what was sent in Redis's protocol; nothing: it is not whole.
std::optional<std::size_t> end_of_value(std::string_view text, std::size_t at) {
  const std::size_t line = text.find("\r\n", at);
  if (line == std::string_view::npos) return std::nullopt;
  const std::size_t next = line + 2;
  const std::int64_t count = parse_int(text.substr(at + 1, line - at - 1)).value_or(-1);
  if (text[at] == '$') {
    if (count < 0) return next;
    const std::size_t end = next + static_cast<std::size_t>(count) + 2;
    return end <= text.size() ? std::optional(end) : std::nullopt;
  }
  if (text[at] != '*') return next;
  std::size_t end = next;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto one = end_of_value(text, end);
    if (!one) return std::nullopt;
    end = *one;
  }
  return end;
}

// Takes the first whole value away.
std::optional<std::string> next_value(std::string& text) {
  const auto end = end_of_value(text, 0);
  if (!end) return std::nullopt;
  std::string value = text.substr(0, *end);
  text.erase(0, *end);
  return value;
}

// A request is a list of texts.
std::vector<std::string> words_of(std::string_view request) {
  std::vector<std::string> words;
  std::size_t at = request.find("\r\n") + 2;
  while (at < request.size()) {
    const std::size_t line = request.find("\r\n", at);
    const auto size = static_cast<std::size_t>(parse_int(request.substr(at + 1, line - at - 1)).value_or(0));
    words.emplace_back(request.substr(line + 2, size));
    at = line + 2 + size + 2;
  }
  return words;
}

std::string name_of_script(std::string_view text) {
  const RedisScripts& life = redis_scripts();
  const RedisLookScripts& looks = redis_look_scripts();
  for (const RedisScript* one : {&life.enqueue, &life.enqueue_alike, &life.claim, &life.heartbeat, &life.settle,
                                 &life.tell, &life.return_unknown, &life.reap, &life.drain_due, &looks.queues,
                                 &looks.present, &looks.leave, &looks.workers}) {
    if (one->text == text) return std::string(one->name);
  }
  return "another script";
}

}  // namespace

// A list of how it went, the jobs, and more.
bool gave_jobs(const Exchange& exchange) {
  constexpr std::string_view kWell = "\r\n:0\r\n*";
  const std::size_t jobs = exchange.reply.find(kWell);
  return exchange.name == "claim" && jobs == 2 && exchange.reply[jobs + kWell.size()] != '0';
}

FaultProxy::FaultProxy(const fs::path& socket, fs::path server)
    : server_(std::move(server)), listener_(make_socket()), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const sockaddr_un address = address_of(socket);
  const auto* bare = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_.get(), bare, sizeof(address)), 0) << socket;
  EXPECT_EQ(::listen(listener_.get(), 64), 0);
  thread_ = std::thread([this] { work(); });
}

FaultProxy::~FaultProxy() {
  ends_ = true;
  wake();
  thread_.join();
}

void FaultProxy::at(std::string name, Moment moment, Do what, Which which) {
  const std::lock_guard guard(mutex_);
  rules_.push_back({std::move(name), moment, std::move(what), std::move(which)});
}

void FaultProxy::at_each(Moment moment, Do what) {
  const std::lock_guard guard(mutex_);
  each_[moment] = std::move(what);
}

void FaultProxy::hold(bool held) {
  held_ = held;
  wake();
}

void FaultProxy::cut_all() {
  cuts_ = true;
  wake();
}

void FaultProxy::wake() const {
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(wake_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
}

void FaultProxy::work() {
  while (!ends_) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
    if (!held_) polled.push_back({listener_.get(), POLLIN, 0});
    if (!held_) {
      for (const auto& line : lines_) {
        polled.push_back({line->client.get(), POLLIN, 0});
        polled.push_back({line->server.get(), POLLIN, 0});
      }
    }
    ::poll(polled.data(), polled.size(), -1);
    std::uint64_t count = 0;
    if (polled[0].revents != 0) (void)!::read(wake_.get(), &count, sizeof(count));
    for (std::size_t i = 2; i + 1 < polled.size(); i += 2) {
      Line& line = *lines_[i / 2 - 1];
      if (polled[i + 1].revents != 0 && !line.is_over) take_reply(line);
      if (polled[i].revents != 0 && !line.is_over) take_request(line);
    }
    if (cuts_.exchange(false)) lines_.clear();
    std::erase_if(lines_, [](const auto& line) { return line->is_over; });
    if (polled.size() > 1 && polled[1].revents != 0) accept_one();
  }
}

void FaultProxy::accept_one() {
  auto line =
      std::make_unique<Line>(Line{Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), make_socket()});
  const sockaddr_un address = address_of(server_);
  if (::connect(line->server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
  ++connections_;
  lines_.push_back(std::move(line));
}

void FaultProxy::take_request(Line& line) {
  if (!read_some(line.client, line.asked)) line.is_over = true;
  while (!line.is_over && !line.is_mute) {
    const auto request = next_value(line.asked);
    if (!request) return;
    ask(line, *request);
  }
}

void FaultProxy::ask(Line& line, const std::string& request) {
  Exchange exchange;
  exchange.words = words_of(request);
  exchange.name = name_of(exchange.words);
  const Then then = fire(Moment::kAsked, exchange);
  line.is_over = then.kind == Then::Kind::kCut;
  line.is_mute = then.kind == Then::Kind::kSwallow;
  if (then.kind != Then::Kind::kGoOn) return;
  line.is_channel = line.is_channel || exchange.name == "SUBSCRIBE";
  if (!line.is_channel) line.waiting.push_back(std::move(exchange));
  line.is_over = !send_all(line.server, request);
}

void FaultProxy::take_reply(Line& line) {
  if (!read_some(line.server, line.answered)) line.is_over = true;
  if (line.is_channel && !line.is_mute) {
    send_all(line.client, line.answered);
    line.answered.clear();
    return;
  }
  while (!line.is_mute && !line.waiting.empty()) {
    auto reply = next_value(line.answered);
    if (!reply) return;
    answer(line, std::move(*reply));
    if (line.is_over) return;
  }
}

void FaultProxy::answer(Line& line, std::string reply) {
  Exchange exchange = std::move(line.waiting.front());
  line.waiting.pop_front();
  exchange.reply = std::move(reply);
  learn(exchange);
  const Then then = fire(Moment::kAnswered, exchange);
  line.is_over = line.is_over || then.kind == Then::Kind::kCut;
  line.is_mute = then.kind == Then::Kind::kSwallow;
  if (line.is_mute) return;
  if (delay_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_));
  const bool is_whole = then.kind == Then::Kind::kGoOn;
  send_all(line.client, is_whole ? exchange.reply : exchange.reply.substr(0, then.bytes));
  if (is_whole && fire(Moment::kTold, exchange).kind != Then::Kind::kGoOn) line.is_over = true;
}

Then FaultProxy::fire(Moment moment, const Exchange& exchange) {
  Do what;
  {
    const std::lock_guard guard(mutex_);
    const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) {
      return rule.moment == moment && rule.name == exchange.name && rule.which(exchange);
    });
    if (found == rules_.end()) {
      if (const auto each = each_.find(moment); each != each_.end()) what = each->second;
      if (!what) return {};
      return what(exchange);
    }
    what = std::move(found->what);
    rules_.erase(found);
  }
  const Then then = what(exchange);
  ++happened_;
  return then;
}

std::string FaultProxy::name_of(const std::vector<std::string>& words) const {
  if (words.front() != "EVALSHA" || words.size() < 2) return words.front();
  const auto known = scripts_.find(words[1]);
  return known == scripts_.end() ? words.front() : known->second;
}

// Which digest the server has given to a script.
void FaultProxy::learn(const Exchange& exchange) {
  if (exchange.name != "SCRIPT" || exchange.words.size() < 3) return;
  const std::size_t line = exchange.reply.find("\r\n");
  if (line != std::string::npos) scripts_[exchange.reply.substr(line + 2, 40)] = name_of_script(exchange.words[2]);
}

}  // namespace simswarm::jobs
