#include "model/service_port.h"

#include "model/names.h"
#include "model/shown_value.h"
#include "model/value_text.h"

namespace outrigger::model {
Result<ServicePort> ServicePort::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::size_t colon = text.rfind(':');
  if (slash != std::string_view::npos && colon != std::string_view::npos && slash < colon) {
    const std::string_view ns = text.substr(0, slash);
    const std::string_view name = text.substr(slash + 1, colon - slash - 1);
    const auto number = parse_number(text.substr(colon + 1), 1, 65'535);
    if (is_dns_label(ns) && is_dns_label(name) && number) {
      return ServicePort{{std::string(ns), std::string(name)}, static_cast<std::uint16_t>(*number)};
    }
  }
  return failure("'" + shown_value(text) +
                 "' is not allowed; allowed: NAMESPACE/NAME:PORT, names of 1 to 63 of a-z, 0-9 and '-' (not first or "
                 "last), a port from 1 to 65535");
}

}  // namespace outrigger::model
