#include "sidecar/dialled_destinations.h"

#include <gtest/gtest.h>

namespace outrigger::sidecar {
namespace {

using Next = DialledDestinations::Asked::Next;
using Services = std::vector<model::ServicePort>;
using Addresses = std::vector<std::string>;

DialledDestinations::TimePoint at(int n) { return DialledDestinations::TimePoint(std::chrono::seconds(n)); }
model::ServicePort port_of(const std::string& name) { return {{"shop", name}, 80}; }
std::string address(std::size_t i) { return "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80"; }

TEST(DialledDestinations, AreAskedForOnce) {
  DialledDestinations dialled;
  EXPECT_EQ(dialled.ask("10.0.0.1:80").next, Next::ask);
  EXPECT_EQ(dialled.ask("10.0.0.1:80").next, Next::wait);
  EXPECT_EQ(dialled.ask("10.0.0.2:80").next, Next::ask);
  EXPECT_FALSE(dialled.answer("10.0.0.1:80", std::nullopt, at(0)));
  EXPECT_EQ(dialled.ask("10.0.0.1:80").next, Next::no_service);
  EXPECT_EQ(dialled.services(), Services{});
}

TEST(DialledDestinations, BecomeServicesWhoseWaitersAreToldOnce) {
  DialledDestinations dialled;
  dialled.ask("10.0.0.1:80");
  dialled.ask("10.0.0.2:80");
  EXPECT_TRUE(dialled.answer("10.0.0.1:80", port_of("web"), at(0)));
  EXPECT_TRUE(dialled.answer("10.0.0.2:80", port_of("web"), at(0)));
  EXPECT_EQ(dialled.services(), Services{port_of("web")});
  EXPECT_EQ(dialled.take_waiting(port_of("web")), (Addresses{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_EQ(dialled.take_waiting(port_of("web")), Addresses{});
  // Its set has lost the address: that is a new question.
  EXPECT_EQ(dialled.ask("10.0.0.1:80").next, Next::ask);
}

TEST(DialledDestinations, ThatAreNoServicesMayBecomeOnes) {
  DialledDestinations dialled;
  dialled.ask("10.0.0.1:80");
  dialled.answer("10.0.0.1:80", std::nullopt, at(0));
  EXPECT_TRUE(dialled.answer("10.0.0.1:80", port_of("web"), at(0)));
  EXPECT_FALSE(dialled.answer("10.0.0.9:80", port_of("api"), at(0))) << "nobody has asked";
  EXPECT_EQ(dialled.services(), Services{port_of("web")});
}

TEST(DialledDestinations, ThatAreNoServicesAreForgottenWhenThereAreTooMany) {
  DialledDestinations dialled;
  for (std::size_t i = 0; i < DialledDestinations::kMaxAddresses; ++i) {
    EXPECT_FALSE(dialled.ask(address(i)).forgotten);
  }
  const auto asked = dialled.ask(address(DialledDestinations::kMaxAddresses));
  EXPECT_EQ(asked.next, Next::ask);
  EXPECT_EQ(asked.forgotten, address(0));
  EXPECT_EQ(dialled.ask(address(0)).forgotten, address(1));
  EXPECT_FALSE(dialled.answer(address(1), port_of("web"), at(0))) << "its answer comes too late";
}

TEST(DialledDestinations, ServicesThatAreTooManyAreTakenForNone) {
  DialledDestinations dialled;
  const auto service = [](std::size_t i) { return port_of("s" + std::to_string(i)); };
  for (std::size_t i = 0; i < DialledDestinations::kMaxServices; ++i) {
    dialled.ask(address(i));
    ASSERT_TRUE(dialled.answer(address(i), service(i), at(0)));
    dialled.take_waiting(service(i));
  }
  dialled.ask("10.9.9.9:80");
  EXPECT_FALSE(dialled.answer("10.9.9.9:80", service(DialledDestinations::kMaxServices), at(0)));
  EXPECT_EQ(dialled.ask("10.9.9.9:80").next, Next::no_service);
  dialled.ask("10.9.9.8:80");
  EXPECT_TRUE(dialled.answer("10.9.9.8:80", service(0), at(0))) << "one that is there has another address";
}

TEST(DialledDestinations, EndWhenNobodyHasUsedThemOrWaits) {
  DialledDestinations dialled;
  dialled.remember(port_of("api"), at(0));
  dialled.ask("10.0.0.1:80");
  dialled.answer("10.0.0.1:80", port_of("web"), at(0));
  EXPECT_EQ(dialled.unused_since(at(0)), Services{port_of("api")}) << "somebody waits for web";
  EXPECT_FALSE(dialled.end(port_of("web")));
  dialled.take_waiting(port_of("web"));
  dialled.use(port_of("web"), at(5));
  EXPECT_EQ(dialled.unused_since(at(4)), Services{port_of("api")});
  EXPECT_EQ(dialled.unused_since(at(5)), (Services{port_of("api"), port_of("web")}));
  EXPECT_TRUE(dialled.end(port_of("api")));
  EXPECT_EQ(dialled.services(), Services{port_of("web")});
  dialled.use(port_of("api"), at(9));
  EXPECT_EQ(dialled.services(), Services{port_of("web")}) << "use() revives nothing";
}

}  // namespace
}  // namespace outrigger::sidecar
