-- How a GoProxy does, for Argo CD: resource.customizations.health.goproxy-operator.dev_GoProxy in ConfigMap argocd-cm.
-- It needs none of Lua's own libraries, which Argo CD leaves out.

local function verdict(status, message)
  return {status = status, message = message}
end

if obj.status == nil or obj.status.observedGeneration == nil
    or obj.status.observedGeneration ~= obj.metadata.generation then
  return verdict("Progressing", "the operator has not looked at this generation yet")
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready

if conditions.Stalled ~= nil and conditions.Stalled.status == "True" then
  return verdict("Degraded", conditions.Stalled.reason .. ": " .. conditions.Stalled.message)
end
if ready == nil then
  return verdict("Progressing", "the operator has not said yet whether it is ready")
end
if ready.reason == "Suspended" or ready.reason == "ScaledToZero" then
  return verdict("Suspended", ready.message)
end
if conditions.Reconciling ~= nil and conditions.Reconciling.status == "True" then
  return verdict("Progressing", conditions.Reconciling.message)
end
if ready.status == "True" then
  return verdict("Healthy", ready.message)
end
return verdict("Progressing", ready.message)
