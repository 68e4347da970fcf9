/** The event types that Flexport documents, its milestones. events.ts is what users import. */

/** @see https://apidocs.flexport.com/v2/tag/Milestones */
export type FlexportType =
  | `/shipment#${'schedule_confirmed' | 'updated_route' | 'delivered_in_full'}`
  | `/shipment_leg#updated_estimated_${'time_of_departure' | 'time_of_arrival' | 'out_for_delivery'}`
  | `/shipment_leg#${'arrived' | 'departed' | 'out_for_delivery' | 'delivery_completed' | 'delivered'}`
  | `/shipment_container_leg#${'updated_estimated_available_for_pickup' | 'delivery_appointment_scheduled'}`
  | `/ocean/shipment_container_leg#${'loaded_on_board' | 'unloaded_off_board' | 'available_for_pickup'}`
  | '/ocean/shipment_leg#loaded_on_truck'
  | `/shipment#${'created' | 'booking_confirmed' | 'documents_sent_to_nominated_broker'}`
  | `/shipment#${'cargo_ready_date_changed' | 'updated_cargo_ready_date'}`
  | '/shipments#commercial_invoices_digitized'
  | `/shipment#customs_entry_release_status_${'released' | 'release_suspended' | 'pending_intensive_exam'}`
  | `/shipment#customs_entry_release_status_${'document_required' | 'entry_docs_required' | 'under_cbp_review'}`
  | `/shipment#customs_${'agriculture_hold' | 'undergoing_x_ray_exam'}`
  | `/shipment#export_country_${'customs_exam' | 'magnetism_exam'}`
  | `/ocean/shipment_container#${'free_time_to_expire' | 'free_time_expired' | 'empty_returned'}`
  | `/shipment_leg#delivery_appointment_${'requested' | 'scheduled'}`
  | `/shipment#${'filing_submitted_for_in_bond_transportation' | 'ftz_admission' | 'returned_to_shipper'}`
  | `/shipment#cargo_${'breakdown_delay' | 'contamination_delay' | 'not_available' | 'ready_date_changed_exception'}`
  | `/shipment#cargo_${'bumped_from_booked_flight' | 'rolled_from_booked_vessel'}`
  | `/shipment#dry_run_${'pickup' | 'delivery_attempt_not_completed'}`
  | `/shipment#flight_delay_${'mechanical' | 'schedule_updated_by_carrier'}`
  | `/shipment#${'equipment_unavailable' | 'late_bill_of_lading_release' | 'missed_appointment'}`
  | `/shipment#${'no_appointments_available' | 'no_attempt_made' | 'ocean_port_dwell_delay'}`
  | `/shipment#pending_${'customs_clearance_from_nominated_broker' | 'delivery_appointment_confirmation'}`
  | `/shipment#rail_${'car_equipment_breakdown' | 'interchange_delay' | 'transfer_delay'}`
  | `/shipment#shipment_rerouted_${'by_carrier' | 'per_client_request'}`
  | `/shipment#supplier_late_${'gate_in' | 'documents'}`
  | `/shipment#${'transload_delay' | 'transshipment_delay' | 'warehouse_devan_delay' | 'weather_delay'}`
  | `/shipment#${'missing_cargo' | 'port_strike_delay' | 'trucker_rejected' | 'truckers_hours_expired'}`
  | `/shipment#trucking_delay_${'chassis' | 'mechanical'}_problem`
  | `/shipment#trucking_delay_${'port_congestion' | 'other' | 'strike' | 'traffic'}`
  | `/shipment#vessel_delay_${'mechanical' | 'port_congestion' | 'schedule_updated_by_carrier'}`
  | `/invoice#invoice_${'shared' | 'voided' | 'due_date_adjusted' | 'credit_applied' | 'refund_applied'}`
  | `/invoice#invoice_${'payment_made' | 'payment_failed'}`;
