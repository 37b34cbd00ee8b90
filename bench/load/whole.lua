-- Whole calls with wrk: sends prepared requests in turn and checks every answer.
--
--   wrk … -s whole.lua URL -- PLAN
--
-- PLAN is a file written by wrk.mjs: path, number of headers, one header a line ("name: value"), the expected content, the
-- number of requests and for each of them three lines: key, model expected in the answer, body.
-- Answers are deterministic: one that equals an answer already checked needs no second look.

local MAX_KNOWN = 20000
local requests, expected, good, known = {}, {}, {}, 0
local at, content = 0, nil
local threads = {}

-- Globals: done() reads them from each thread.
wrong_count = 0
first_fault = ""

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "r"))
  local path = file:read("*l")
  local headers = {}
  for _ = 1, tonumber(file:read("*l")) do
    local name, value = file:read("*l"):match("^([^:]+): (.*)$")
    headers[name] = value
  end
  content = file:read("*l")
  for i = 1, tonumber(file:read("*l")) do
    local key, model, body = file:read("*l"), file:read("*l"), file:read("*l")
    headers["authorization"] = "Bearer " .. key
    requests[i] = wrk.format("POST", path, headers, body)
    expected[model] = true
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

local function fault(status, body)
  if status ~= 200 then return "status " .. status end
  local model = body:match('"model":%s*"([^"]*)"')
  if model == nil or not expected[model] then return "wrong model" end
  if not body:find(content, 1, true) then return "the content was changed" end
  if not body:find('"total_tokens":%s*15%D') then return "usage was changed" end
  if not body:find("}%s*$") then return "the answer was cut" end
  return nil
end

function response(status, headers, body)
  if status == 200 and good[body] then return end
  local what = fault(status, body)
  if what == nil then
    if known < MAX_KNOWN then
      good[body] = true
      known = known + 1
    end
    return
  end
  wrong_count = wrong_count + 1
  if first_fault == "" then first_fault = what .. ": " .. body:sub(1, 300):gsub('[%c"\\]', " ") end
end

function done(summary, latency, _)
  local wrong, what = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong_count")
    if what == "" then what = thread:get("first_fault") end
  end
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"calls":%d,"seconds":%.6f,"p50Us":%d,"p99Us":%d,"broken":%d,"timedOut":%d,"wrong":%d,"fault":"%s"}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write, errors.timeout, wrong, what))
end
