-- Asks Vestibule about a request, for haproxy.cfg. The answer goes into variables of the transaction.

local address = "http://127.0.0.1:8080/gate/haproxy"

-- What Vestibule reads of the client. The rest of what it is told is set here.
local read = {
    "accept", "access-control-request-method", "cookie", "origin", "sec-fetch-mode", "upgrade", "user-agent",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
}
local told = { "user", "email", "name", "groups", "id", "aal" }

-- Arrays of header values begin at 0 or at 1.
local function values(array)
    local all = {}
    for index = 0, #array do
        if array[index] ~= nil then all[#all + 1] = array[index] end
    end
    return all
end

core.register_action("vestibule", { "http-req" }, function(txn)
    txn:set_var("txn.vestibule_status", 503)
    local sent, headers = txn.http:req_get_headers(), {}
    for _, name in ipairs(read) do
        if sent[name] ~= nil then headers[name] = values(sent[name]) end
    end
    headers["x-forwarded-method"] = { txn.sf:method() }
    headers["x-forwarded-uri"] = { txn.sf:pathq() }

    local answer = core.httpclient():get({ url = address, headers = headers, timeout = 5000 })
    if answer == nil or answer.status == nil then return end
    local first = function(name) return values(answer.headers[name] or {})[1] end
    txn:set_var("txn.vestibule_status", answer.status)
    if answer.status == 302 then txn:set_var("txn.vestibule_location", first("location")) end
    for _, name in ipairs(told) do
        txn:set_var("txn.vestibule_" .. name, first("remote-" .. name) or "")
    end
end, 0)
